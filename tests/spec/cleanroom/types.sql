-- property: 只有固定值会被转换；数据项从不转换，所以没有一次转换会因某个单元格而失败。
-- accepted: 同类比较
SELECT 企业名称 FROM 科技型中小企业 WHERE 入库日期 >= DATE '2019-03-04' AND 统计年份 + 1 > 2019;
-- refused: 文本转日期 | types.conversion
SELECT CAST(企业名称 AS DATE) AS x FROM 科技型中小企业;
-- refused: 转成数字 | parse.argument
SELECT CAST(企业名称 AS INT) AS x FROM 科技型中小企业;
-- refused: 宽松转换 | parse.function
SELECT TRY_CAST(企业名称 AS DATE) AS x FROM 科技型中小企业;
-- refused: 文本与数字相比 | types.conversion
SELECT 企业名称 FROM 科技型中小企业 WHERE 企业名称 > 5;
-- refused: 数字与文字相比 | types.conversion
SELECT 企业名称 FROM 科技型中小企业 WHERE 统计年份 = '2020';
-- refused: 日期与乱写的文字相比 | types.conversion
SELECT 企业名称 FROM 科技型中小企业 WHERE 入库日期 = '二〇二〇年';
-- refused: 两列类型不同 | types.conversion
SELECT 企业名称 FROM 科技型中小企业 WHERE 企业名称 = 统计年份;
-- refused: 分支类型不同 | types.conversion
SELECT CASE WHEN 统计年份 = 2020 THEN 企业名称 ELSE 统计年份 END AS x FROM 科技型中小企业;
-- refused: 拼接数字 | types.conversion
SELECT 企业名称 || 统计年份 AS x FROM 科技型中小企业;
-- refused: 文本相加 | types.conversion
SELECT 企业名称 + 1 AS x FROM 科技型中小企业;
-- refused: 对数字取长度 | types.conversion
SELECT length(统计年份) AS x FROM 科技型中小企业;
-- refused: 对文本取年份 | types.conversion
SELECT year(企业名称) AS x FROM 科技型中小企业;
-- refused: 拿项当条件 | types.conversion
SELECT 企业名称 FROM 科技型中小企业 WHERE 统计年份;
-- refused: 否定一个数 | types.conversion
SELECT 企业名称 FROM 科技型中小企业 WHERE NOT 统计年份;
