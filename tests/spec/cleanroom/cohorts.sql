-- property: 统计的条件只把一个数据项与固定值比较，未开放的项只能比较登记的取值；标识只用于连接。
-- accepted: 月份边界
SELECT 行政区划代码, count(*) AS n FROM 安全生产许可证 WHERE 有效期止 >= DATE '2026-01-01' GROUP BY 1;
-- accepted: 日期写成文字也可以
SELECT 行政区划代码, count(*) AS n FROM 安全生产许可证 WHERE 有效期止 < '2026-07-01' GROUP BY 1;
-- accepted: 固定值写在左边
SELECT 行政区划代码, count(*) AS n FROM 安全生产许可证 WHERE DATE '2026-01-01' <= 有效期止 GROUP BY 1;
-- accepted: 字典取值
SELECT 行政区划代码, count(*) FILTER (WHERE 许可状态 IN ('暂扣', '注销')) AS n FROM 安全生产许可证 GROUP BY 1;
-- accepted: 数值分段边界
SELECT 行政区划代码, count(*) FILTER (WHERE "注册资本(万元)" >= 1000 AND NOT "注册资本(万元)" >= 5000.5) AS n FROM 安全生产许可证 GROUP BY 1;
-- accepted: 是否
SELECT 行政区划代码, count(*) FILTER (WHERE 是否危化 = TRUE) AS n FROM 安全生产许可证 GROUP BY 1;
-- accepted: 空值
SELECT 行政区划代码, count(*) FILTER (WHERE 许可状态 IS NOT NULL OR 企业规模 <> '大') AS n FROM 安全生产许可证 GROUP BY 1;
-- accepted: 已开放的项可以任意比较
SELECT 许可状态, count(*) AS n FROM 安全生产许可证 WHERE 行政区划代码 LIKE '1101%' AND 行政区划代码 BETWEEN '110101' AND '110119' GROUP BY 1;
-- accepted: 按主体列连接
SELECT l.许可状态, count(DISTINCT t.主体_企业) AS 欠税企业 FROM 安全生产许可证 l LEFT JOIN 欠税 t ON l.主体_企业 = t.主体_企业 GROUP BY 1;
-- accepted: 按标识连接
SELECT l.许可状态, count(DISTINCT l.主体_企业) AS n FROM 安全生产许可证 l JOIN 欠税 t ON l.统一社会信用代码 = t.统一社会信用代码 GROUP BY 1;
-- refused: 月中的日期 | cohort.off_lattice
SELECT 行政区划代码, count(*) AS n FROM 安全生产许可证 WHERE 有效期止 >= DATE '2026-01-15' GROUP BY 1;
-- refused: 恰好某一天 | cohort.operator
SELECT 行政区划代码, count(*) AS n FROM 安全生产许可证 WHERE 有效期止 = DATE '2026-01-01' GROUP BY 1;
-- refused: 含边界 | cohort.operator
SELECT 行政区划代码, count(*) AS n FROM 安全生产许可证 WHERE 有效期止 <= DATE '2026-01-01' GROUP BY 1;
-- refused: 区间写法 | cohort.operator
SELECT 行政区划代码, count(*) AS n FROM 安全生产许可证 WHERE 有效期止 BETWEEN DATE '2026-01-01' AND DATE '2026-02-01' GROUP BY 1;
-- refused: 不在字典里 | cohort.off_lattice
SELECT 行政区划代码, count(*) FILTER (WHERE 许可状态 = '甲公司专用') AS n FROM 安全生产许可证 GROUP BY 1;
-- refused: 字典项比大小 | cohort.operator
SELECT 行政区划代码, count(*) FILTER (WHERE 许可状态 > '暂扣') AS n FROM 安全生产许可证 GROUP BY 1;
-- refused: 字典项模糊匹配 | cohort.operator
SELECT 行政区划代码, count(*) FILTER (WHERE 许可状态 LIKE '暂%') AS n FROM 安全生产许可证 GROUP BY 1;
-- refused: 不在分段边界 | cohort.off_lattice
SELECT 行政区划代码, count(*) FILTER (WHERE "注册资本(万元)" >= 1001) AS n FROM 安全生产许可证 GROUP BY 1;
-- refused: 没有登记取值 | cohort.no_lattice
SELECT 行政区划代码, count(*) AS n FROM 安全生产许可证 WHERE 从业人数 >= 10 GROUP BY 1;
-- refused: 没有登记取值的空值 | cohort.no_lattice
SELECT 行政区划代码, count(*) AS n FROM 安全生产许可证 WHERE 许可范围 IS NULL GROUP BY 1;
-- refused: 标识作条件 | cohort.identifier
SELECT 行政区划代码, count(*) AS n FROM 安全生产许可证 WHERE 统一社会信用代码 = '91110000000000000X' GROUP BY 1;
-- refused: 排除一个标识（差分） | cohort.identifier
SELECT 行政区划代码, count(*) AS n FROM 安全生产许可证 WHERE 统一社会信用代码 <> '91110000000000000X' GROUP BY 1;
-- refused: 标识的一部分作条件 | cohort.identifier
SELECT 行政区划代码, count(*) AS n FROM 安全生产许可证 WHERE substring(统一社会信用代码, 1, 2) = '91' GROUP BY 1;
-- refused: 主体列作条件 | cohort.identifier
SELECT 行政区划代码, count(*) FILTER (WHERE 主体_企业 = 'U:91110000000000000X') AS n FROM 安全生产许可证 GROUP BY 1;
-- refused: 主体列判空 | cohort.identifier
SELECT 行政区划代码, count(*) FILTER (WHERE 主体_企业 IS NULL) AS n FROM 安全生产许可证 GROUP BY 1;
-- refused: 已开放的标识也不能挑人 | cohort.identifier
SELECT l.许可状态, count(DISTINCT l.主体_企业) AS n FROM 安全生产许可证 l JOIN 科技型中小企业 s ON l.主体_企业 = s.主体_企业 WHERE s.企业名称 = '甲公司' GROUP BY 1;
-- refused: 标识藏在子查询里 | cohort.identifier
WITH a AS (SELECT 行政区划代码, 统一社会信用代码 AS x FROM 安全生产许可证) SELECT 行政区划代码, count(*) AS n FROM a WHERE x = '9' GROUP BY 1;
-- refused: 子查询里的条件也要守规矩 | cohort.off_lattice
WITH a AS (SELECT 行政区划代码 FROM 安全生产许可证 WHERE 有效期止 >= DATE '2026-01-15') SELECT 行政区划代码, count(*) AS n FROM a GROUP BY 1;
-- refused: 子查询里算好再比较 | cohort.computed
WITH a AS (SELECT 行政区划代码, year(有效期止) AS y FROM 安全生产许可证) SELECT 行政区划代码, count(*) FILTER (WHERE y = 2026) AS n FROM a GROUP BY 1;
-- refused: 两项相比 | cohort.comparison
SELECT 行政区划代码, count(*) FILTER (WHERE 有效期止 < 有效期起) AS n FROM 安全生产许可证 GROUP BY 1;
-- refused: 做算术 | cohort.computed
SELECT 行政区划代码, count(*) FILTER (WHERE 从业人数 + 1 >= 10) AS n FROM 安全生产许可证 GROUP BY 1;
-- refused: 恒真条件 | cohort.comparison
SELECT 许可状态, count(*) AS n FROM 安全生产许可证 WHERE 1 = 1 GROUP BY 1;
-- refused: 聚合里的 CASE | cohort.isolates, parse.argument
SELECT 行政区划代码, sum(CASE WHEN 许可状态 = '暂扣' THEN 1 ELSE 0 END) AS n FROM 安全生产许可证 GROUP BY 1;
-- refused: 聚合里挑一个人 | cohort.identifier, cohort.isolates, parse.argument
SELECT 性别, sum(CASE WHEN 身份证号 = '110101199001011237' THEN 收入 ELSE 0 END) AS n FROM 门诊 GROUP BY 性别;
-- refused: 聚合里的比较 | cohort.identifier, cohort.isolates, parse.argument
SELECT 性别, sum(CAST(身份证号 = '110101199001011237' AS INT)) AS n FROM 门诊 GROUP BY 性别;
-- refused: 计数里的 CASE | cohort.isolates, parse.argument, output.measure
SELECT 性别, count(CASE WHEN 诊断 = '感冒' THEN 1 END) AS n FROM 门诊 GROUP BY 性别;
-- refused: 回归斜率 | cohort.identifier, cohort.isolates, output.unsupported_statistic, parse.argument
SELECT 性别, regr_slope(收入, CAST(身份证号 = 'x' AS INT)) AS n FROM 门诊 GROUP BY 性别;
-- refused: 位权重 | cohort.isolates, parse.argument
SELECT 性别, sum(收入 * 1024) AS n FROM 门诊 GROUP BY 性别;
-- refused: 用非标识的未开放项连接 | cohort.join
SELECT l.许可状态, count(DISTINCT l.主体_企业) AS n FROM 安全生产许可证 l JOIN 执法检查 i ON l.企业规模 = i.检查结果 GROUP BY 1;
-- refused: 未开放标识配已开放的普通项 | cohort.join
SELECT l.许可状态, count(DISTINCT l.主体_企业) AS n FROM 安全生产许可证 l JOIN 科技型中小企业 s ON l.统一社会信用代码 = s.行政区划代码 GROUP BY 1;
-- refused: 个人与企业的主体列混连 | cohort.join
SELECT v.性别, count(DISTINCT v.主体_个人) AS n FROM 门诊 v JOIN 欠税 t ON v.主体_个人 = t.主体_企业 GROUP BY 1;
-- refused: 主体列配普通列 | cohort.join
SELECT v.性别, count(DISTINCT v.主体_个人) AS n FROM 门诊 v JOIN 科技型中小企业 s ON v.主体_企业 = s.企业名称 GROUP BY 1;
