-- property: 域内服务的表恰好有一个主体列和至少一个答案列；别的标识不能成为答案。
-- exit: service
-- accepted: 主体列加推导出的答案
SELECT 主体_企业, 有效期止 >= DATE '2026-09-15' AS 有效, 许可状态 FROM 安全生产许可证;
-- accepted: 多部门连接
SELECT l.主体_企业, CASE WHEN t.欠税余额 >= 10000 THEN '高' WHEN t.欠税余额 >= 0 THEN '低' ELSE '无' END AS 欠税档 FROM 安全生产许可证 l LEFT JOIN 欠税 t ON l.主体_企业 = t.主体_企业;
-- refused: 没有主体列 | output.service_key
SELECT 许可状态 FROM 安全生产许可证;
-- refused: 两个主体列 | output.service_key
SELECT 主体_个人, 主体_企业, 性别 FROM 门诊;
-- refused: 没有答案 | output.service_answer
SELECT 主体_企业 FROM 安全生产许可证;
-- refused: 常数答案 | output.service_answer
SELECT 主体_企业, 1 AS x FROM 安全生产许可证;
-- refused: 标识当答案 | output.service_identifier
SELECT 主体_企业, 企业名称 FROM 安全生产许可证;
-- refused: 标识藏进答案 | output.service_identifier
SELECT 主体_企业, 企业名称 || 许可状态 AS x FROM 安全生产许可证;
-- refused: 主体列改样 | output.service_identifier, output.service_key
SELECT lower(主体_企业) AS k, 许可状态 FROM 安全生产许可证;
-- refused: 计数 | output.service, output.service_answer
SELECT 主体_企业, count(*) AS n FROM 安全生产许可证 GROUP BY 1;
-- refused: 取几行 | output.service
SELECT 主体_企业, 许可状态 FROM 安全生产许可证 LIMIT 5;
-- refused: 封存级 | regime.sealed
SELECT 主体_个人, 基因 FROM 门诊;
