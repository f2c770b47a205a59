"""Held-out questions in two languages, each with a rewording of a few characters, for the tests of leakage."""

CHINESE = """
订单349523的物流为什么三天没有更新？|订单349523的物流怎么三天没更新了？
发票抬头写错了还能重开吗？|发票抬头填错了还可以重开吗？
退货以后优惠券会不会退回账户？|退货后优惠券会退回账户吗？
怎样把收货地址改成公司？|怎么把收货地址改为公司？
耳机左边没有声音应该怎么处理？|耳机左边没声音了应该怎么处理？
会员到期之后积分会清零吗？|会员到期以后积分会不会清零？
买了两台冰箱可以分开送货吗？|买了两台冰箱能不能分开送？
赠品少发了一件找谁补寄？|赠品少发了一件，找谁补发？
手机屏幕碎了算不算保修范围？|手机屏幕碎了在不在保修范围？
国际快递的关税由谁承担？|国际快递的关税是由谁来承担？
为什么付款成功了订单还显示未支付？|为何付款成功了，订单还是显示未支付？
空调安装需要另外收费吗？|空调安装要不要另外收费？
预售商品什么时候开始发货？|预售的商品何时开始发货？
怎么申请增值税专用发票？|如何申请增值税专用发票？
洗衣机的排水管漏水怎么修？|洗衣机排水管漏水了怎么修？
快递员把包裹放在门口丢了怎么赔？|快递员把包裹放门口丢了怎么赔偿？
能否用两张信用卡支付同一个订单？|可否用两张信用卡支付同一订单？
电子书买了以后还可以退款吗？|电子书买了之后还能退款吗？
儿童手表的定位不准怎么校准？|儿童手表定位不准，该怎么校准？
保温杯内胆生锈属于质量问题吗？|保温杯内胆生锈算质量问题吗？
取消订阅后本月的费用会退吗？|取消订阅之后本月费用会退吗？
账户被锁定了多久能够解锁？|账户被锁定后多久可以解锁？
哪些城市支持当天送达的服务？|哪些城市支持当天送达服务？
礼品卡余额不足时怎么补差价？|礼品卡余额不够时如何补差价？
打印机一直提示缺纸是什么原因？|打印机总是提示缺纸是什么原因？
买贵了可以申请价格保护吗？|买贵了能申请价格保护吗？
婴儿车的轮子可以单独购买吗？|婴儿车的轮子能单独买吗？
海外仓发货大概要等多长时间？|海外仓发货大约要等多长时间？
企业采购有没有额外的折扣？|企业采购有额外的折扣吗？
路由器重置后忘记密码怎么办？|路由器重置之后忘了密码怎么办？
"""

ENGLISH = """
Why has order 349523 not moved for three days?|Why hasn't order 349523 moved for three days?
Can an invoice be issued again after a wrong name?|Can an invoice be issued again for a wrong name?
Do I get my voucher back when I return the shoes?|Will I get my voucher back when I return the shoes?
How do I change the delivery address to my office?|How can I change the delivery address to my office?
The left side of my headset is silent, what should I do?|The left side of my headset is silent. What can I do?
Will my points expire together with the membership?|Do my points expire together with the membership?
May two refrigerators be delivered on different days?|Can two refrigerators be delivered on different days?
Who sends the gift that was missing from my parcel?|Who sends the gift which was missing in my parcel?
Is a broken screen covered by the warranty of the phone?|Is a broken screen covered by the phone warranty?
Who pays the customs duty of an international parcel?|Who pays the customs duties on an international parcel?
Why does my order say unpaid although the payment went through?|Why does my order say unpaid when the payment went through?
Is there an extra charge for installing the air conditioner?|Is there any extra charge to install the air conditioner?
When do you start to ship items that are on presale?|When will you start to ship items on presale?
How can a company apply for a tax exempt purchase?|How does a company apply for a tax exempt purchase?
Water leaks from the hose of the washing machine, how is it fixed?|Water leaks from the washing machine hose, how is it fixed?
What do you refund if the courier lost a parcel at my door?|What will you refund if a courier lost the parcel at my door?
Can I split one payment between two credit cards?|Can I split a payment across two credit cards?
Is it possible to return an electronic book?|Is it possible to return electronic books?
How is the position of the watch for children calibrated?|How is the position of the watch for kids calibrated?
Does rust inside a thermos count as a defect?|Does rust in a thermos count as a defect?
Is the fee of this month refunded after I cancel the plan?|Is this month's fee refunded after I cancel the plan?
How long does it take until a locked account opens again?|How long will it take until a locked account opens again?
Which towns do you serve with delivery on the same day?|Which towns do you serve with same day delivery?
How do I pay the rest when the gift card runs out?|How can I pay the rest if the gift card runs out?
Why does the printer say that the paper tray is empty?|Why does the printer say the paper tray is empty?
Do you match a lower price that I found after buying?|Do you match a lower price I found after buying?
Are the wheels of the stroller sold separately?|Are the wheels for the stroller sold separately?
How many weeks does shipping from overseas take?|How many weeks will shipping from overseas take?
Do companies get a further discount on bulk orders?|Can companies get a further discount on bulk orders?
I reset the router and forgot its password, what now?|I have reset the router and forgot the password, what now?
"""


def pairs(lines: str) -> list[tuple[str, str]]:
    """Return questions with their rewordings."""
    return [(question, other) for question, _, other in (line.partition("|") for line in lines.strip().splitlines())]
