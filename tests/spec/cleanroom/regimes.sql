-- property: 未开放的项无论改名、转换、拼接、编码还是拆分，都不能逐行输出；已开放的可以，并说明理由。
-- accepted: 已开放的项原样输出
SELECT 企业名称, 统一社会信用代码 FROM 科技型中小企业;
-- accepted: 已开放的项改名、转换、拼接
SELECT 企业名称 AS 名称, upper(统一社会信用代码) AS 代码, 企业名称 || '(' || 行政区划代码 || ')' AS 全称 FROM 科技型中小企业 WHERE 统计年份 >= 2018 ORDER BY 1 LIMIT 10;
-- accepted: 已开放的项去重
SELECT DISTINCT 行政区划代码 FROM 科技型中小企业;
-- accepted: 已开放的项按任意口径计数
SELECT 统计年份, 行政区划代码, count(*) AS n FROM 科技型中小企业 WHERE 企业名称 LIKE '北京%' GROUP BY 1, 2;
-- refused: 原样 | regime.raw_copy
SELECT 企业名称 FROM 安全生产许可证;
-- refused: 改名 | regime.raw_copy
SELECT 企业名称 AS 备注 FROM 安全生产许可证;
-- refused: 转换 | regime.raw_copy
SELECT CAST("注册资本(万元)" AS VARCHAR) AS x FROM 安全生产许可证;
-- refused: 拼接 | regime.raw_copy
SELECT 'x' || 企业名称 AS x FROM 安全生产许可证;
-- refused: 截取拆成两列 | regime.raw_copy
SELECT substring(企业名称, 1, 2) AS a, substring(企业名称, 3, 20) AS b FROM 安全生产许可证;
-- refused: 用 CASE 改写 | regime.raw_copy
SELECT CASE WHEN 许可状态 = '有效' THEN 'a' ELSE 'b' END AS x FROM 安全生产许可证;
-- refused: 比较的结果 | regime.raw_copy
SELECT 有效期止 >= DATE '2026-01-01' AS x FROM 安全生产许可证;
-- refused: 经过子查询改名 | regime.raw_copy
WITH a AS (SELECT 企业名称 AS x FROM 安全生产许可证), b AS (SELECT x AS y FROM a) SELECT y FROM b;
-- refused: 哈希 | parse.function, regime.raw_copy
SELECT md5(企业名称) FROM 安全生产许可证;
-- refused: 码点 | parse.function, regime.raw_copy
SELECT unicode(企业名称) FROM 安全生产许可证;
-- refused: 去重也是原样 | regime.raw_copy
SELECT DISTINCT 企业名称 FROM 安全生产许可证;
-- refused: 拿未开放的项筛选已开放的项 | cohort.join, regime.raw_selection
SELECT s.企业名称 FROM 科技型中小企业 s JOIN 欠税 t ON s.统一社会信用代码 = t.税种;
-- refused: 与未开放的资源连接后输出已开放的项 | regime.raw_selection
SELECT s.企业名称 FROM 科技型中小企业 s JOIN 欠税 t ON s.统一社会信用代码 = t.统一社会信用代码;
-- refused: 排序泄露未开放的项 | regime.raw_selection
SELECT s.企业名称 FROM 科技型中小企业 s JOIN 欠税 t ON s.主体_企业 = t.主体_企业 ORDER BY t.欠税余额;
-- refused: 主体列未开放 | regime.raw_copy
SELECT 主体_企业 FROM 科技型中小企业;
-- refused: 只输出常数，仍透露行数 | regime.raw_rows
SELECT 1 AS x FROM 安全生产许可证;
-- refused: 一张表只用到行数 | regime.raw_selection
SELECT s.企业名称 FROM 科技型中小企业 s JOIN 安全生产许可证 l ON s.行政区划代码 = l.行政区划代码 WHERE l.许可状态 = '有效';
-- refused: 封存级 | cohort.no_lattice, regime.sealed
SELECT 性别, count(DISTINCT 主体_个人) FILTER (WHERE 基因 = 'x') AS n FROM 门诊 GROUP BY 性别;
-- refused: 每个主体一组 | cohort.identifier
SELECT 统一社会信用代码, count(*) AS n FROM 安全生产许可证 GROUP BY 1;
-- refused: 聚合里带出原值 | cohort.identifier, output.unsupported_statistic
SELECT 行政区划代码, max(企业名称) AS x FROM 安全生产许可证 GROUP BY 1;
-- refused: 列表聚合 | cohort.identifier, output.unsupported_statistic
SELECT 行政区划代码, string_agg(企业名称, ',') AS x FROM 安全生产许可证 GROUP BY 1;
