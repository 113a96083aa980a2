-- property: 通过的查询恰好是一个 SELECT,只含允许的节点、参数值和函数，大小有界。
-- accepted: 带 WITH 的单个查询
WITH a AS (SELECT 行政区划代码, 主体_企业 FROM 安全生产许可证)
SELECT 行政区划代码, count(DISTINCT 主体_企业) AS n FROM a GROUP BY 行政区划代码;
-- accepted: 注释不影响判断
SELECT 企业名称 /* 已开放 */ FROM 科技型中小企业 -- 结束
;
-- refused: 两条语句 | parse.symbol
SELECT 企业名称 FROM 科技型中小企业; SELECT 1;
-- refused: 改数据 | parse.one_select
DELETE FROM 科技型中小企业;
-- refused: 建表 | parse.one_select
CREATE TABLE x AS SELECT 企业名称 FROM 科技型中小企业;
-- refused: 导出文件 | parse.one_select
COPY (SELECT 企业名称 FROM 科技型中小企业) TO '/tmp/x';
-- refused: 先写 FROM | parse.one_select
FROM 科技型中小企业;
-- refused: 合并查询 | parse.one_select
SELECT 企业名称 FROM 科技型中小企业 UNION ALL SELECT 企业名称 FROM 科技型中小企业;
-- refused: 说明语句 | parse.one_select
SUMMARIZE 科技型中小企业;
-- refused: 描述语句放进子查询 | parse.argument, parse.node
SELECT * FROM (DESCRIBE 科技型中小企业);
-- refused: 行列转换 | parse.one_select
PIVOT 科技型中小企业 ON 行政区划代码 USING count(*);
-- refused: 文件函数当表 | parse.argument, parse.function
SELECT * FROM read_csv('/etc/passwd');
-- refused: 用文件名当表 | scope.not_found
SELECT * FROM '/etc/passwd';
-- refused: query 函数 | parse.argument, parse.function
SELECT * FROM query('select 企业名称 from 科技型中小企业');
-- refused: 自造数据行 | parse.argument, parse.node
SELECT a FROM (VALUES (1)) t(a);
-- refused: 生成行 | parse.argument, parse.function
SELECT * FROM range(10);
-- refused: 窗口 | parse.function, parse.node
SELECT 企业名称, row_number() OVER (ORDER BY 企业名称) FROM 科技型中小企业;
-- refused: QUALIFY | parse.argument, parse.node
SELECT 企业名称 FROM 科技型中小企业 QUALIFY 统计年份 = 2020;
-- refused: 抽样 | parse.argument, parse.node
SELECT 企业名称 FROM 科技型中小企业 TABLESAMPLE 10 ROWS;
-- refused: DISTINCT ON | parse.argument, parse.node
SELECT DISTINCT ON (企业名称) 企业名称 FROM 科技型中小企业;
-- refused: ASOF 连接 | parse.argument
SELECT a.企业名称 FROM 科技型中小企业 a ASOF JOIN 科技型中小企业 b ON a.统计年份 = b.统计年份;
-- refused: 位置连接 | parse.argument
SELECT a.企业名称 FROM 科技型中小企业 a POSITIONAL JOIN 科技型中小企业 b;
-- refused: 自然连接 | parse.argument
SELECT 企业名称 FROM 科技型中小企业 a NATURAL JOIN 科技型中小企业 b;
-- refused: 交叉连接 | parse.argument
SELECT a.企业名称 FROM 科技型中小企业 a CROSS JOIN 科技型中小企业 b;
-- refused: 半连接 | parse.argument
SELECT a.企业名称 FROM 科技型中小企业 a SEMI JOIN 科技型中小企业 b ON a.企业名称 = b.企业名称;
-- refused: 不等连接 | parse.argument
SELECT a.企业名称 FROM 科技型中小企业 a JOIN 科技型中小企业 b ON a.统计年份 < b.统计年份;
-- refused: USING | parse.argument
SELECT a.企业名称 FROM 科技型中小企业 a JOIN 科技型中小企业 b USING (企业名称);
-- refused: LATERAL | parse.argument, parse.node
SELECT 企业名称 FROM 科技型中小企业, LATERAL (SELECT 1) x;
-- refused: 标量子查询 | parse.argument
SELECT (SELECT 企业名称 FROM 安全生产许可证 LIMIT 1) FROM 科技型中小企业;
-- refused: EXISTS | parse.node
SELECT 企业名称 FROM 科技型中小企业 WHERE EXISTS (SELECT 1 FROM 欠税);
-- refused: IN 子查询 | parse.argument
SELECT 企业名称 FROM 科技型中小企业 WHERE 企业名称 IN (SELECT 企业名称 FROM 安全生产许可证);
-- refused: 分组全部 | parse.argument
SELECT 行政区划代码, count(*) FROM 科技型中小企业 GROUP BY ALL;
-- refused: 小计 | parse.argument, parse.node
SELECT 行政区划代码, count(*) FROM 科技型中小企业 GROUP BY ROLLUP (行政区划代码);
-- refused: LIMIT 里写子查询 | parse.argument
SELECT 企业名称 FROM 科技型中小企业 LIMIT (SELECT 1);
-- refused: 递归 | parse.argument
WITH RECURSIVE a AS (SELECT 企业名称 FROM 科技型中小企业) SELECT 企业名称 FROM a;
-- refused: 库名 | parse.argument
SELECT table_name FROM information_schema.tables;
-- refused: 系统函数当表 | parse.argument, parse.function
SELECT * FROM duckdb_settings();
-- refused: 报错函数 | parse.function
SELECT error(企业名称) FROM 科技型中小企业;
-- refused: 环境变量 | parse.function, regime.raw_rows
SELECT getenv('HOME') FROM 科技型中小企业;
-- refused: 会话变量 | parse.function, regime.raw_rows
SELECT getvariable('x') FROM 科技型中小企业;
-- refused: 随机 | parse.function, regime.raw_rows
SELECT random() FROM 科技型中小企业;
-- refused: 时钟 | parse.function
SELECT 企业名称, now() FROM 科技型中小企业;
-- refused: 重复造大值 | parse.function, regime.raw_rows
SELECT length(repeat('x', 2000000000)) FROM 科技型中小企业;
-- refused: 参数 | parse.symbol
SELECT 企业名称 FROM 科技型中小企业 WHERE 统计年份 = $1;
-- refused: 列表 | parse.symbol
SELECT [企业名称] FROM 科技型中小企业;
-- refused: 结构体 | parse.symbol
SELECT {'a': 企业名称} FROM 科技型中小企业;
-- refused: 美元引号 | parse.node
SELECT $$x$$ FROM 科技型中小企业;
-- refused: 转义字符串 | parse.node
SELECT E'x' FROM 科技型中小企业;
-- refused: 科学记数 | parse.number
SELECT 企业名称 FROM 科技型中小企业 WHERE 统计年份 = 2e3;
-- refused: 全角标点 | resolve.unknown_column
SELECT 企业名称，统计年份 FROM 科技型中小企业;
-- refused: 读不懂 | parse.unreadable
SELECT 企业名称 FROM 科技型中小企业 WHERE (统计年份 = 2020;
-- refused: 不允许的编码函数，同时指出原始数据 | parse.function, regime.raw_copy
SELECT to_base64(encode(企业名称)) FROM 安全生产许可证;
