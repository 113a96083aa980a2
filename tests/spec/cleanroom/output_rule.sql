-- property: 统计结果只有一个分组项和计数、单个数值项的合计、平均与分位数；子查询里没有聚合；不能按未公布的数取舍或排序。
-- accepted: 行数与主体数
SELECT 行政区划代码, count(*) AS 证数, count(DISTINCT 主体_企业) AS 企业数 FROM 安全生产许可证 GROUP BY 行政区划代码 ORDER BY 行政区划代码 DESC;
-- accepted: 按月分组
SELECT date_trunc('month', 有效期止) AS 月, count(*) AS n FROM 安全生产许可证 GROUP BY 1;
-- accepted: 按年分组
SELECT date_trunc('year', 有效期止) AS 年, count(*) AS n FROM 安全生产许可证 GROUP BY 1;
-- accepted: 按已开放项的计算分组
SELECT substring(行政区划代码, 1, 4) AS 市, count(*) AS n FROM 安全生产许可证 GROUP BY 1;
-- accepted: 个人与企业两种主体
SELECT 诊断, count(DISTINCT 主体_个人) AS 人数, count(DISTINCT 主体_企业) AS 单位数 FROM 门诊 GROUP BY 诊断;
-- refused: 总计 | output.one_key
SELECT count(*) AS n FROM 安全生产许可证;
-- refused: 两个维度 | output.measure, output.one_key, regime.raw_copy, regime.raw_selection
SELECT 行政区划代码, 许可状态, count(*) AS n FROM 安全生产许可证 GROUP BY 1, 2;
-- refused: 分组项不输出 | output.one_key
SELECT count(*) AS n FROM 安全生产许可证 GROUP BY 许可状态;
-- refused: 没有计数 | output.measures
SELECT 许可状态 FROM 安全生产许可证 GROUP BY 许可状态;
-- accepted: 求和与平均
SELECT 行政区划代码, sum("注册资本(万元)") AS 合计, avg("注册资本(万元)") AS 平均, count(*) AS n FROM 安全生产许可证 GROUP BY 1;
-- accepted: 一群对象的合计
SELECT 行政区划代码, sum(从业人数) FILTER (WHERE 许可状态 = '有效') AS 人数, count(*) FILTER (WHERE 许可状态 = '暂扣') AS n FROM 安全生产许可证 GROUP BY 1;
-- accepted: 按月求和
SELECT date_trunc('month', 有效期止) AS 月, sum(从业人数) AS n FROM 安全生产许可证 WHERE 企业规模 = '大' GROUP BY 1;
-- accepted: 子查询里投影后求和
WITH a AS (SELECT 许可状态 AS 状态, 从业人数 AS 人 FROM 安全生产许可证) SELECT 状态, avg(人) AS n FROM a GROUP BY 1;
-- accepted: 个人与企业两种主体的平均
SELECT 诊断, avg(收入) AS 平均收入 FROM 门诊 GROUP BY 诊断;
-- refused: 求和里计算 | cohort.isolates, parse.argument
SELECT 行政区划代码, sum(从业人数 * 1024) AS n FROM 安全生产许可证 GROUP BY 1;
-- refused: 子查询里计算后求和 | output.amount
WITH a AS (SELECT 行政区划代码 AS 区, 从业人数 * 从业人数 AS 平方 FROM 安全生产许可证) SELECT 区, sum(平方) AS n FROM a GROUP BY 1;
-- refused: 文本求和 | output.amount, types.conversion
SELECT 行政区划代码, sum(许可范围) AS n FROM 安全生产许可证 GROUP BY 1;
-- refused: 标识求和 | cohort.identifier, output.amount, types.conversion
SELECT 行政区划代码, avg(统一社会信用代码) AS n FROM 安全生产许可证 GROUP BY 1;
-- refused: 去重求和 | parse.argument
SELECT 行政区划代码, sum(DISTINCT 从业人数) AS n FROM 安全生产许可证 GROUP BY 1;
-- refused: 常数求和（等于数行） | parse.argument
SELECT 行政区划代码, sum(1) AS n FROM 安全生产许可证 GROUP BY 1;
-- refused: 有连接时求和（重复行是权重） | output.joined_amounts
SELECT l.许可状态, sum(l.从业人数) AS n FROM 安全生产许可证 l JOIN 欠税 t ON l.主体_企业 = t.主体_企业 GROUP BY 1;
-- refused: 子查询里连接后求和 | output.joined_amounts
WITH a AS (SELECT l.许可状态, l.从业人数 FROM 安全生产许可证 l LEFT JOIN 欠税 t ON l.主体_企业 = t.主体_企业) SELECT 许可状态, avg(从业人数) AS n FROM a GROUP BY 1;
-- refused: 同一项超过两个统计量 | output.moments
SELECT 行政区划代码, sum(从业人数) AS a, avg(从业人数) AS b, sum(从业人数) AS c FROM 安全生产许可证 GROUP BY 1;
-- refused: 同一项对两群对象求和（相减得出第三群） | output.amount_cohorts
SELECT 行政区划代码, sum(从业人数) AS a, sum(从业人数) FILTER (WHERE 许可状态 = '有效') AS b FROM 安全生产许可证 GROUP BY 1;
-- refused: 合计加一 | output.amount, regime.raw_copy
SELECT 行政区划代码, sum(从业人数) + 1 AS n FROM 安全生产许可证 GROUP BY 1;
-- refused: 按合计排序 | output.order
SELECT 许可状态, sum(从业人数) AS n FROM 安全生产许可证 GROUP BY 1 ORDER BY 2;
-- refused: 方差 | output.unsupported_statistic
SELECT 行政区划代码, variance(从业人数) AS n FROM 安全生产许可证 GROUP BY 1;
-- refused: 子查询里求和 | cohort.computed, output.inner
WITH a AS (SELECT 许可状态, sum(从业人数) AS n FROM 安全生产许可证 GROUP BY 1) SELECT 许可状态, count(*) FILTER (WHERE n >= 5) AS m FROM a GROUP BY 1;
-- refused: 最小 | output.unsupported_statistic
SELECT 行政区划代码, min("注册资本(万元)") AS n FROM 安全生产许可证 GROUP BY 1;
-- accepted: 中位数与四分位数
SELECT 行政区划代码, median("注册资本(万元)") AS 中位, quantile_cont("注册资本(万元)", 0.25) AS 低, quantile_cont("注册资本(万元)", 0.75) AS 高 FROM 安全生产许可证 GROUP BY 1;
-- accepted: 一群对象的中位数，与合计、平均一起
SELECT 诊断, median(收入) FILTER (WHERE 性别 = '女') AS a, sum(收入) FILTER (WHERE 性别 = '女') AS b, avg(收入) FILTER (WHERE 性别 = '女') AS c FROM 门诊 GROUP BY 1;
-- refused: 分位数等于最小 | parse.argument
SELECT 行政区划代码, quantile_cont(从业人数, 0) AS n FROM 安全生产许可证 GROUP BY 1;
-- refused: 分位数等于最大 | parse.argument
SELECT 行政区划代码, quantile_cont(从业人数, 1.0) AS n FROM 安全生产许可证 GROUP BY 1;
-- refused: 任意近的两个分位数 | parse.argument
SELECT 行政区划代码, quantile_cont(从业人数, 0.501) AS n FROM 安全生产许可证 GROUP BY 1;
-- refused: 一列分位数 | parse.symbol
SELECT 行政区划代码, quantile_cont(从业人数, [0.25, 0.75]) AS n FROM 安全生产许可证 GROUP BY 1;
-- refused: 离散分位数（逐个抄出） | output.unsupported_statistic
SELECT 行政区划代码, quantile_disc(从业人数, 0.5) AS n FROM 安全生产许可证 GROUP BY 1;
-- refused: 近似分位数 | output.unsupported_statistic
SELECT 行政区划代码, approx_quantile(从业人数, 0.5) AS n FROM 安全生产许可证 GROUP BY 1;
-- refused: 标识的中位数 | cohort.identifier, output.amount, types.conversion
SELECT 行政区划代码, median(统一社会信用代码) AS n FROM 安全生产许可证 GROUP BY 1;
-- refused: 有连接时求中位数 | output.joined_amounts
SELECT l.许可状态, median(l.从业人数) AS n FROM 安全生产许可证 l JOIN 欠税 t ON l.主体_企业 = t.主体_企业 GROUP BY 1;
-- refused: 同一项对两群对象求中位数 | output.amount_cohorts
SELECT 行政区划代码, median(从业人数) AS a, median(从业人数) FILTER (WHERE 许可状态 = '有效') AS b FROM 安全生产许可证 GROUP BY 1;
-- refused: 众数 | output.unsupported_statistic
SELECT 行政区划代码, mode(许可状态) AS n FROM 安全生产许可证 GROUP BY 1;
-- refused: 近似去重 | cohort.identifier, output.unsupported_statistic
SELECT 行政区划代码, approx_count_distinct(主体_企业) AS n FROM 安全生产许可证 GROUP BY 1;
-- refused: 数某项非空 | parse.argument, output.measure
SELECT 行政区划代码, count(许可范围) AS n FROM 安全生产许可证 GROUP BY 1;
-- refused: 数不同的取值 | output.measure
SELECT 行政区划代码, count(DISTINCT 许可范围) AS n FROM 安全生产许可证 GROUP BY 1;
-- refused: 数标识而不是主体 | output.measure
SELECT 行政区划代码, count(DISTINCT 统一社会信用代码) AS n FROM 安全生产许可证 GROUP BY 1;
-- refused: 对计数做算术 | output.measure, regime.raw_selection
SELECT 许可状态, count(*) + 1 AS n FROM 安全生产许可证 GROUP BY 1;
-- refused: 比例 | parse.symbol
SELECT 行政区划代码, count(*) / 2 AS n FROM 安全生产许可证 GROUP BY 1;
-- refused: HAVING | parse.argument, parse.node
SELECT 行政区划代码, count(*) AS n FROM 安全生产许可证 GROUP BY 1 HAVING count(*) > 10;
-- refused: 按计数排序 | output.order
SELECT 许可状态, count(*) AS n FROM 安全生产许可证 GROUP BY 1 ORDER BY 2;
-- refused: 取前几名 | output.cut
SELECT 许可状态, count(*) AS n FROM 安全生产许可证 GROUP BY 1 LIMIT 3;
-- refused: 去重计数结果 | output.cut
SELECT DISTINCT 许可状态, count(*) AS n FROM 安全生产许可证 GROUP BY 1;
-- refused: 有连接时数行（重复行是权重） | output.joined_rows
SELECT l.许可状态, count(*) AS n FROM 安全生产许可证 l JOIN 科技型中小企业 s ON l.行政区划代码 = s.行政区划代码 GROUP BY 1;
-- refused: 子查询里连接后数行 | output.joined_rows
WITH a AS (SELECT l.许可状态 FROM 安全生产许可证 l JOIN 科技型中小企业 s ON l.行政区划代码 = s.行政区划代码) SELECT 许可状态, count(*) AS n FROM a GROUP BY 1;
-- refused: 子查询里聚合 | cohort.computed, output.inner
WITH a AS (SELECT 许可状态, count(*) AS n FROM 安全生产许可证 GROUP BY 1) SELECT 许可状态, count(*) FILTER (WHERE n >= 5) AS m FROM a GROUP BY 1;
-- refused: 子查询里去重 | output.inner
WITH a AS (SELECT DISTINCT 行政区划代码, 许可状态 FROM 安全生产许可证) SELECT 行政区划代码, count(*) AS n FROM a GROUP BY 1;
-- refused: 子查询里取几行 | output.inner
WITH a AS (SELECT 行政区划代码, 许可状态 FROM 安全生产许可证 LIMIT 11) SELECT 行政区划代码, count(*) AS n FROM a GROUP BY 1;
-- refused: 按主体分组 | cohort.identifier
SELECT 主体_企业, count(*) AS n FROM 安全生产许可证 GROUP BY 1;
-- refused: 按标识的一部分分组 | cohort.identifier
SELECT substring(统一社会信用代码, 9, 9) AS x, count(*) AS n FROM 安全生产许可证 GROUP BY 1;
-- refused: 按未登记取值的项分组 | output.key
SELECT 许可范围, count(*) AS n FROM 安全生产许可证 GROUP BY 1;
-- refused: 按日分组 | output.key
SELECT 有效期止, count(*) AS n FROM 安全生产许可证 GROUP BY 1;
-- refused: 截到日 | parse.argument
SELECT date_trunc('day', 有效期止) AS d, count(*) AS n FROM 安全生产许可证 GROUP BY 1;
-- refused: 按分段项的原值分组 | output.key
SELECT "注册资本(万元)", count(*) AS n FROM 安全生产许可证 GROUP BY 1;
-- refused: 计算出来的分组项 | output.key
SELECT CASE WHEN 许可状态 = '有效' THEN 1 ELSE 0 END AS x, count(*) AS n FROM 安全生产许可证 GROUP BY 1;
-- refused: 常数作分组项 | output.one_key
SELECT '全部' AS x, count(*) AS n FROM 安全生产许可证 GROUP BY x;
-- refused: 没有主体的资源 | output.no_subject
SELECT 水库, count(*) FILTER (WHERE 水位 >= 10) AS n FROM 水库水位 GROUP BY 1;
-- refused: 太多计数列 | output.measures
SELECT 许可状态, count(*) AS a, count(*) AS b, count(*) AS c, count(*) AS d, count(*) AS e, count(*) AS f, count(*) AS g FROM 安全生产许可证 GROUP BY 1;
