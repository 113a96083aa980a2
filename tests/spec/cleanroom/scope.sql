-- property: 每个来源、每个动作、每一项都由许可判定；没有许可的来源等于不存在。
-- accepted: 许可内的项
SELECT 许可状态, count(DISTINCT 主体_企业) AS n FROM 安全生产许可证 GROUP BY 1;
-- refused: 没有许可的来源 | scope.not_found
SELECT 编号 FROM 涉密名录;
-- refused: 不存在的来源，答复相同 | scope.not_found
SELECT 编号 FROM 不存在的表;
-- refused: 系统表 | scope.not_found
SELECT * FROM duckdb_tables;
-- refused: 引擎自带的模式表 | scope.not_found
SELECT * FROM sqlite_master;
