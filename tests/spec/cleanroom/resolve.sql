-- property: 每个名字恰好指一列；整行引用、两种读法和找不到的名字一律拒绝。
-- accepted: 星号展开为全部数据项，逐项检查
SELECT * FROM 科技型中小企业;
-- accepted: 限定的星号
SELECT s.* FROM 科技型中小企业 AS s;
-- accepted: 按序号分组
SELECT 行政区划代码, count(DISTINCT 主体_企业) AS n FROM 安全生产许可证 GROUP BY 1 ORDER BY 1;
-- accepted: 按别名分组
SELECT 行政区划代码 AS 区, count(DISTINCT 主体_企业) AS n FROM 安全生产许可证 GROUP BY 区 ORDER BY 区;
-- accepted: 引号里的列名
SELECT "行政区划代码", count(*) FILTER (WHERE "注册资本(万元)" >= 1000) AS n FROM "安全生产许可证" GROUP BY 1;
-- refused: 星号展开后含未开放的项 | regime.raw_copy
SELECT * FROM 安全生产许可证;
-- refused: 整行引用 | resolve.whole_row
SELECT r FROM 科技型中小企业 r;
-- refused: 整行转 JSON | parse.function, resolve.whole_row
SELECT to_json(r) FROM 科技型中小企业 r;
-- refused: 整行计数 | resolve.whole_row
SELECT 行政区划代码, count(DISTINCT r) FROM 安全生产许可证 r GROUP BY 1;
-- refused: 正则选列 | parse.node, regime.raw_rows
SELECT COLUMNS('企业.*') FROM 科技型中小企业;
-- refused: 星号匹配 | parse.argument
SELECT * LIKE '企业%' FROM 科技型中小企业;
-- refused: 点号调用 | parse.function, parse.node
SELECT 企业名称.upper() FROM 科技型中小企业;
-- refused: 排除列 | parse.argument
SELECT * EXCLUDE (企业名称) FROM 科技型中小企业;
-- refused: 替换列 | parse.argument
SELECT * REPLACE (1 AS 企业名称) FROM 科技型中小企业;
-- refused: 隐藏行号 | resolve.unknown_column
SELECT rowid FROM 科技型中小企业;
-- refused: 带表名的隐藏行号 | resolve.unknown_column
SELECT s.rowid FROM 科技型中小企业 s;
-- refused: 按位置取列 | parse.symbol
SELECT #1 FROM 科技型中小企业;
-- refused: 没有这一列 | resolve.unknown_column
SELECT 法人姓名 FROM 科技型中小企业;
-- refused: 两张表都有 | resolve.ambiguous
SELECT 行政区划代码 FROM 科技型中小企业 a JOIN 科技型中小企业 b ON a.统一社会信用代码 = b.统一社会信用代码;
-- refused: 两张表同名 | resolve.name_taken
SELECT 1 FROM 科技型中小企业 JOIN 科技型中小企业 ON 企业名称 = 企业名称;
-- refused: 别名和列同名 | resolve.whole_row
SELECT 企业名称.统计年份 FROM 科技型中小企业 企业名称;
-- refused: 别名另有所指 | resolve.ambiguous
SELECT 统计年份 AS 行政区划代码, 企业名称 FROM 科技型中小企业 ORDER BY 行政区划代码;
-- refused: 用前面的别名 | resolve.unknown_column
SELECT 企业名称 AS n FROM 科技型中小企业 WHERE n = '甲';
-- refused: 子查询没有名字 | resolve.no_alias
SELECT 企业名称 FROM (SELECT 企业名称 FROM 科技型中小企业);
-- refused: 名字被占用 | resolve.name_taken
WITH 安全生产许可证 AS (SELECT 企业名称 FROM 科技型中小企业) SELECT 企业名称 FROM 安全生产许可证;
-- refused: 没有用到 | resolve.unused
WITH a AS (SELECT 企业名称 FROM 安全生产许可证) SELECT 企业名称 FROM 科技型中小企业;
-- refused: 保留的名字 | resolve.name
SELECT 企业名称 AS gs_n0 FROM 科技型中小企业;
-- refused: 序号越界 | resolve.ordinal
SELECT 企业名称 FROM 科技型中小企业 ORDER BY 2;
-- refused: 没有 FROM | resolve.no_source
SELECT 1;
-- refused: 逗号连接 | resolve.join
SELECT a.企业名称 FROM 科技型中小企业 a, 科技型中小企业 b;
-- refused: 同表自比 | resolve.join
SELECT a.企业名称 FROM 科技型中小企业 a JOIN 科技型中小企业 b ON a.企业名称 = a.企业名称;
-- refused: 列表别名改列名 | parse.argument
SELECT x FROM 科技型中小企业 AS t(x);
