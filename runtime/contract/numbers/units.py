"""Units of quantities: what they measure, and their size. Units that a language writes many ways have one row each."""

from dataclasses import dataclass
from fractions import Fraction


@dataclass(frozen=True, kw_only=True, slots=True)
class Unit:
    """What a unit measures, and its size in the base unit of that."""

    measures: str
    size: Fraction


# What is measured, with size and spellings of each unit. `¥` is no entry: it writes both yuan and yen.
_TABLE: dict[str, dict[str, str]] = {
    "length": {
        "1000": "km kilometer kilometers kilometre kilometres 公里 千米",
        "1": "m meter meters metre metres 米",
        "0.1": "dm 分米",
        "0.01": "cm centimeter centimeters centimetre centimetres 厘米 公分",
        "0.001": "mm millimeter millimeters millimetre millimetres 毫米",
        "0.000001": "μm um 微米",
        "0.000000001": "nm nanometers 纳米",
        "1609.344": "mi mile miles 英里",
        "0.9144": "yd yard yards",
        "0.3048": "ft foot feet 英尺",
        "0.0254": "inch inches 英寸",
    },
    "mass": {
        "1000000": "t ton tons tonne tonnes 吨",
        "1000": "kg kgs kilogram kilograms 公斤 千克",
        "500": "斤",
        "1": "g gram grams 克",
        "0.001": "mg milligram milligrams 毫克",
        "453.59237": "lb lbs",
        "28.349523125": "oz ounce ounces",
    },
    "time": {
        "604800": "week weeks 周",
        "86400": "day days 天",
        "3600": "h hr hrs hour hours 小时 个小时",
        "60": "min mins minute minutes 分钟",
        "1": "s sec secs second seconds 秒 秒钟",
        "0.001": "ms millisecond milliseconds 毫秒",
    },
    "months": {"12": "year years yr yrs 年", "1": "month months 个月"},
    "volume": {
        "1": "l L liter liters litre litres 升",
        "0.001": "ml mL milliliter milliliters 毫升",
        "1000": "m³ m^3 立方米",
    },
    "area": {
        "1000000": "km² km^2 平方公里 平方千米",
        "10000": "ha hectare hectares 公顷",
        "1": "m² m^2 ㎡ 平方米 平米",
        "0.0001": "cm² cm^2 平方厘米",
    },
    "speed": {"1": "km/h kph kmh 公里/小时 千米/时", "3.6": "m/s 米/秒", "1.609344": "mph"},
    "data": {"1": "B bytes", "1000": "KB kB", "1000000": "MB", "1000000000": "GB", "1000000000000": "TB"},
    "energy": {"1000": "kJ", "1": "J", "4184": "kcal 千卡 大卡", "3600000": "kWh 度电"},
    "power": {"1": "W 瓦", "1000": "kW 千瓦", "1000000": "MW 兆瓦"},
    "temperature in Celsius": {"1": "℃ °C 摄氏度"},
    "temperature in Fahrenheit": {"1": "℉ °F 华氏度"},
    "angle": {"1": "° degree degrees"},
    "dollars": {"1": "$ US$ USD dollar dollars 美元 美金", "0.01": "cent cents ¢ 美分"},
    "yuan": {"1": "RMB CNY CN¥ yuan 元 块 块钱 元人民币 人民币", "0.1": "角 毛", "0.01": "分钱"},
    "euros": {"1": "€ EUR euro euros 欧元"},
    "pounds": {"1": "£ GBP pound pounds 英镑"},
    "yen": {"1": "JPY yen 日元"},
    "Hong Kong dollars": {"1": "HK$ HKD 港元 港币"},
    "rupees": {"1": "₹ INR rupee rupees 卢比"},
    "won": {"1": "₩ KRW won 韩元"},
}
UNITS: dict[str, Unit] = {
    spelling: Unit(measures=measures, size=Fraction(size))
    for measures, sizes in _TABLE.items()
    for size, spellings in sizes.items()
    for spelling in spellings.split()
}
SIGNS = ("HK$", "US$", "CN¥", "$", "€", "£", "₹", "₩", "¥", "￥")  # before a number
CODES = ("USD", "RMB", "CNY", "EUR", "GBP", "JPY", "HKD", "INR", "KRW")  # before or after a number

# Multipliers in letters, as written right after a number, and in words.
LETTERS = {"k": 10**3, "K": 10**3, "M": 10**6, "B": 10**9, "b": 10**9, "w": 10**4}
WORDS = {"hundred": 100, "thousand": 10**3, "thousands": 10**3, "million": 10**6, "millions": 10**6}
WORDS |= {"mn": 10**6, "mln": 10**6, "bn": 10**9, "tn": 10**12, "trn": 10**12}
WORDS |= {"mil": 10**6, "billion": 10**9, "billions": 10**9, "trillion": 10**12, "lakh": 10**5, "crore": 10**7}
MONEY_LETTERS = {"m": 10**6, "t": 10**12, "MM": 10**6}  # after a number with a sign of money
