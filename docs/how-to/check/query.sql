SELECT 行政区划代码,
       count(DISTINCT 主体_企业) AS 企业数,
       count(DISTINCT 主体_企业) FILTER (WHERE 许可状态 = '暂扣') AS 暂扣
FROM 安全生产许可证
WHERE 有效期止 >= DATE '2026-01-01'
GROUP BY 行政区划代码
