SELECT 行政区划代码,
       sum(CASE WHEN 许可状态 = '暂扣' THEN 1 ELSE 0 END) AS 暂扣
FROM 安全生产许可证
WHERE 有效期止 >= DATE '2026-01-15'
GROUP BY 行政区划代码
