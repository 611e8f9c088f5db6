package main

// tea is one product (SPU) of the made-up brand, sold in the given packings.
type tea struct {
	spu, zh, en, category, taxClass string
	packs                           []pack
	final                           bool // cannot be returned
}

// pack is a SKU: net weight and list price.
type pack struct {
	suffix, zh, en string
	weightG        int64
	priceMinor     int64
}

var (
	sample = func(price int64) pack { return pack{"010", "10 克体验装", "10 g taster", 10, price} }
	pouch  = func(price int64) pack { return pack{"050", "50 克袋装", "50 g pouch", 50, price} }
	tin    = func(price int64) pack { return pack{"125", "125 克罐装", "125 g tin", 125, price} }
	box    = func(price int64) pack { return pack{"250", "250 克礼盒", "250 g gift box", 250, price} }
	cake   = func(price int64) pack { return pack{"357", "357 克茶饼", "357 g cake", 357, price} }
	bags   = func(price int64) pack { return pack{"B15", "15 包茶包", "15 tea bags", 45, price} }
	piece  = func(weight, price int64) pack { return pack{"001", "单件", "one piece", weight, price} }
)

var teas = []tea{
	{"TEA-CHUXUE", "初雪绿芽", "First Snow Green Buds", "green", "agricultural", []pack{pouch(9800), tin(21800), box(46800)}, false},
	{"TEA-XIYUN", "溪云毛峰", "Stream Cloud Maofeng", "green", "agricultural", []pack{pouch(6800), tin(15800)}, false},
	{"TEA-ZHUYAN", "竹烟炒青", "Bamboo Smoke Pan-fired", "green", "agricultural", []pack{pouch(4200), bags(3900)}, false},
	{"TEA-CHIXIA", "赤霞红茶", "Red Dusk Black", "black", "agricultural", []pack{pouch(5800), tin(12800), bags(4500)}, false},
	{"TEA-SONGYE", "松夜小种", "Pine Night Souchong", "black", "agricultural", []pack{pouch(8800), tin(19800)}, false},
	{"TEA-GUIYU", "桂雨乌龙", "Osmanthus Rain Oolong", "oolong", "agricultural", []pack{pouch(6200), tin(13800), bags(4800)}, false},
	{"TEA-YANGU", "岩骨焙火", "Cliff Bone Roast", "oolong", "agricultural", []pack{pouch(12800), tin(28800), box(59800)}, false},
	{"TEA-LANZE", "兰泽铁韵", "Orchid Pool Tieyun", "oolong", "agricultural", []pack{pouch(7200), tin(16800)}, false},
	{"TEA-YUEBAI", "月白银针", "Moon White Needle", "white", "agricultural", []pack{pouch(15800), tin(35800), box(68800)}, false},
	{"TEA-LAOSHOU", "老岁寿眉", "Old Year Shoumei", "white", "agricultural", []pack{cake(32800)}, false},
	{"TEA-MOSHAN", "墨山熟普", "Ink Hill Ripe Pu'er", "puer", "agricultural", []pack{sample(1900), cake(26800)}, false},
	{"TEA-GUSHU", "古树生普", "Old Grove Raw Pu'er", "puer", "agricultural", []pack{sample(2900), cake(49800)}, false},
	{"TEA-MOLI", "茉莉七窨", "Jasmine Seven Scents", "flower", "agricultural", []pack{pouch(5600), tin(12600), bags(4200)}, false},
	{"TEA-JUHUA", "山菊清饮", "Mountain Chrysanthemum", "herbal", "standard", []pack{pouch(3600), bags(3200)}, false},
	{"TEA-CHENPI", "陈皮暖饮", "Aged Peel Warmer", "herbal", "standard", []pack{bags(3800)}, false},
	{"GIFT-SIJI", "四季茶礼", "Four Seasons Gift Set", "gift", "standard", []pack{piece(600, 88800)}, false},
	{"GIFT-KEZI", "刻字定制茶礼", "Engraved Gift Set", "gift", "standard", []pack{piece(800, 128800)}, true},
	{"WARE-GAIWAN", "青屿盖碗", "Qingyu Gaiwan", "ware", "standard", []pack{piece(320, 16800)}, false},
	{"WARE-BEI", "随行泡茶杯", "Travel Brewing Cup", "ware", "standard", []pack{piece(450, 12900)}, false},
	{"FRESH-LENGPAO", "当日冷泡茶", "Cold Brew of the Day", "fresh", "standard", []pack{{"500", "500 毫升瓶装", "500 ml bottle", 520, 2200}}, true},
	{"FRESH-NAICAI", "现制奶盖茶", "Milk Cap Tea", "fresh", "standard", []pack{{"450", "450 毫升杯装", "450 ml cup", 480, 2800}}, true},
}

// brand is the fictional company's part of its barcodes: a mainland prefix (690 to 699), then a company number of its own.
const brand = "6979900"
