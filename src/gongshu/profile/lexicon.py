"""Words by which forms are told: surnames, what ends no name, provinces, words for nothing.

Surnames are single characters, the commonest first, and compound ones. Public knowledge: the
hundred commonest of the census reports (five of them are a third of all people), then others of
百家姓 that are met in registers.
"""

from __future__ import annotations

from typing import Final

_COMMON: Final = (
    "王李张刘陈杨黄赵吴周徐孙马朱胡郭何高林罗郑梁谢宋唐许韩冯邓曹彭曾肖田董袁潘于蒋蔡余杜叶程苏魏吕"
    "丁任沈姚卢姜崔钟谭陆汪范金石廖贾夏韦付方白邹孟熊秦邱江尹薛闫段雷侯龙史陶黎贺顾毛郝龚邵万钱严覃"
    "武戴莫孔向汤"
)
_OTHERS: Final = (
    "温康施文牛樊葛邢安齐易乔伍庞颜倪庄聂章鲁岳翟殷詹申欧耿关兰焦俞左柳甘祝包宁尚符舒阮柯纪梅童凌毕"
    "单季裴霍涂成苗谷盛曲翁冉骆蓝路游辛靳欧管柴蒙鲍华喻祁蒲房滕屈饶解牟艾尤阳时穆农司卓古吉缪简车项连"
    "芦麦褚娄窦戚岑景党宫费卜冷晏席卫米柏宗瞿桂全佟应臧闵苟邬边卞姬师和仇栾隋商刁沙荣巫寇桑郎甄丛仲虞"
    "敖巩明佘池查麻苑迟邝官封谈匡鞠惠荆乐冀郁胥南班储原栗燕楚鄢劳谌奚皮粟冼蔺楼盘满闻位厉伊仝区郜海"
)
SURNAMES: Final = frozenset(_COMMON + _OTHERS)
COMMON: Final = frozenset(_COMMON)
TOP_FIVE: Final = _COMMON[:5]
COMPOUND: Final = frozenset(
    (
        "欧阳",
        "司马",
        "上官",
        "诸葛",
        "东方",
        "皇甫",
        "尉迟",
        "公孙",
        "慕容",
        "令狐",
        "司徒",
        "端木",
        "夏侯",
        "宇文",
    )
)
NO_NAME: Final = frozenset("区县市镇乡村街路巷组局厅院校司厂店部处科室站所队族银行业")
"""What ends so is a place, an office or a thing, and no person."""
PROVINCES: Final = "京津沪渝冀豫云辽黑湘皖鲁新苏浙赣鄂桂甘晋蒙陕吉闽贵粤青藏川宁琼"
"""The first character of a vehicle's plate."""
FILLERS: Final = frozenset(
    ("无", "不详", "未知", "暂无", "没有", "空", "-", "—", "/", "NULL", "N/A")
)
"""What people write where there is nothing."""
