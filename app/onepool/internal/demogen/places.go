package main

// city is where stores stand. Its centre and postcode are the real ones, for the checks.
type city struct {
	code, zh, en, province, postcode string
	lat, lng                         float64
}

var cities = []city{
	{"HZ", "杭州市", "Hangzhou", "浙江省", "310000", 30.2741, 120.1551},
	{"SH", "上海市", "Shanghai", "上海市", "200000", 31.2304, 121.4737},
	{"BJ", "北京市", "Beijing", "北京市", "100000", 39.9042, 116.4074},
	{"SZ", "深圳市", "Shenzhen", "广东省", "518000", 22.5431, 114.0579},
	{"GZ", "广州市", "Guangzhou", "广东省", "510000", 23.1291, 113.2644},
	{"CD", "成都市", "Chengdu", "四川省", "610000", 30.5728, 104.0668},
	{"WH", "武汉市", "Wuhan", "湖北省", "430000", 30.5928, 114.3055},
	{"NJ", "南京市", "Nanjing", "江苏省", "210000", 32.0603, 118.7969},
	{"SU", "苏州市", "Suzhou", "江苏省", "215000", 31.2989, 120.5853},
	{"CQ", "重庆市", "Chongqing", "重庆市", "400000", 29.5630, 106.5516},
	{"XA", "西安市", "Xi'an", "陕西省", "710000", 34.3416, 108.9398},
	{"CS", "长沙市", "Changsha", "湖南省", "410000", 28.2282, 112.9388},
	{"FZ", "福州市", "Fuzhou", "福建省", "350000", 26.0745, 119.2965},
	{"XM", "厦门市", "Xiamen", "福建省", "361000", 24.4798, 118.0894},
	{"NB", "宁波市", "Ningbo", "浙江省", "315000", 29.8683, 121.5440},
	{"TJ", "天津市", "Tianjin", "天津市", "300000", 39.0842, 117.2009},
	{"QD", "青岛市", "Qingdao", "山东省", "266000", 36.0671, 120.3826},
	{"JN", "济南市", "Jinan", "山东省", "250000", 36.6512, 117.1201},
	{"ZZ", "郑州市", "Zhengzhou", "河南省", "450000", 34.7466, 113.6254},
	{"HF", "合肥市", "Hefei", "安徽省", "230000", 31.8206, 117.2272},
	{"KM", "昆明市", "Kunming", "云南省", "650000", 25.0389, 102.7183},
}

// organisation is headquarters, a dealer, or a franchisee below a dealer.
type organisation struct {
	code, name, kind, parent string
	settlementRateBP         int64 // of the list price, when another organisation sells its stock
	fulfilmentFeeMinor       int64
	shareStock               bool
}

var organisations = []organisation{
	{"HQ", "青屿茶业总部", "headquarters", "", 6000, 0, true},
	{"D-EAST", "青屿华东经销商", "dealer", "HQ", 0, 0, false},
	{"D-NORTH", "青屿北方经销商", "dealer", "HQ", 0, 0, false},
	{"D-SOUTH", "青屿南方经销商", "dealer", "HQ", 0, 0, false},
	{"F-WU", "吴越茶事商行", "franchisee", "D-EAST", 6800, 500, true},
	{"F-YONG", "甬江茶叶店", "franchisee", "D-EAST", 6800, 500, true},
	{"F-HUI", "徽味茶社", "franchisee", "D-EAST", 7000, 600, false},
	{"F-YAN", "燕南茶馆", "franchisee", "D-NORTH", 6800, 500, true},
	{"F-LU", "鲁豫茶行", "franchisee", "D-NORTH", 6900, 500, true},
	{"F-QIN", "秦声茶楼", "franchisee", "D-NORTH", 6800, 600, true},
	{"F-MIN", "闽山茶号", "franchisee", "D-SOUTH", 6500, 400, true},
	{"F-YUE", "粤海茶居", "franchisee", "D-SOUTH", 6700, 500, true},
	{"F-CHU", "楚湘茶庄", "franchisee", "D-SOUTH", 6800, 500, true},
	{"F-SHU", "蜀滇茶铺", "franchisee", "D-SOUTH", 6900, 600, true},
}

// site is one location. Names of districts and streets are real, house numbers and shops are made up.
type site struct {
	city, org        string
	zh, en           string
	district, street string
	lat, lng         float64
	warehouse, kiosk bool // a kiosk has no parcels: pickup only
}

var sites = []site{
	{city: "HZ", org: "HQ", zh: "杭州余杭中心仓", en: "Hangzhou Yuhang Warehouse", district: "余杭区", street: "仓前街道良睦路 918 号", lat: 30.2936, lng: 119.9986, warehouse: true},
	{city: "GZ", org: "HQ", zh: "广州白云南方仓", en: "Guangzhou Baiyun Warehouse", district: "白云区", street: "太和镇广从路 706 号", lat: 23.2915, lng: 113.3557, warehouse: true},

	{city: "HZ", org: "HQ", zh: "杭州湖滨店", en: "Hangzhou Hubin", district: "上城区", street: "延安路 258 号", lat: 30.2552, lng: 120.1631},
	{city: "HZ", org: "HQ", zh: "杭州武林店", en: "Hangzhou Wulin", district: "拱墅区", street: "体育场路 401 号", lat: 30.2726, lng: 120.1629},
	{city: "HZ", org: "HQ", zh: "杭州龙井路店", en: "Hangzhou Longjing Road", district: "西湖区", street: "龙井路 61 号", lat: 30.2297, lng: 120.1180},
	{city: "HZ", org: "HQ", zh: "杭州滨江店", en: "Hangzhou Binjiang", district: "滨江区", street: "江汉路 1515 号", lat: 30.2084, lng: 120.2116},
	{city: "HZ", org: "HQ", zh: "杭州钱江新城店", en: "Hangzhou Qianjiang", district: "上城区", street: "富春路 701 号", lat: 30.2497, lng: 120.2129},
	{city: "HZ", org: "HQ", zh: "杭州东站快取店", en: "Hangzhou East Station", district: "上城区", street: "天城路 1 号", lat: 30.2908, lng: 120.2126, kiosk: true},

	{city: "SH", org: "HQ", zh: "上海南京西路店", en: "Shanghai West Nanjing Road", district: "静安区", street: "南京西路 1288 号", lat: 31.2295, lng: 121.4523},
	{city: "SH", org: "HQ", zh: "上海徐家汇店", en: "Shanghai Xujiahui", district: "徐汇区", street: "漕溪北路 88 号", lat: 31.1932, lng: 121.4372},
	{city: "SH", org: "HQ", zh: "上海陆家嘴店", en: "Shanghai Lujiazui", district: "浦东新区", street: "世纪大道 210 号", lat: 31.2362, lng: 121.5037},
	{city: "SH", org: "HQ", zh: "上海五角场店", en: "Shanghai Wujiaochang", district: "杨浦区", street: "邯郸路 600 号", lat: 31.2993, lng: 121.5143},
	{city: "SH", org: "HQ", zh: "上海虹桥快取店", en: "Shanghai Hongqiao", district: "闵行区", street: "申虹路 9 号", lat: 31.1942, lng: 121.3204, kiosk: true},
	{city: "SH", org: "F-YONG", zh: "上海豫园店", en: "Shanghai Yuyuan", district: "黄浦区", street: "方浜中路 265 号", lat: 31.2263, lng: 121.4925},
	{city: "SH", org: "F-YONG", zh: "上海七宝店", en: "Shanghai Qibao", district: "闵行区", street: "七莘路 3655 号", lat: 31.1555, lng: 121.3499},

	{city: "BJ", org: "HQ", zh: "北京王府井店", en: "Beijing Wangfujing", district: "东城区", street: "王府井大街 176 号", lat: 39.9134, lng: 116.4110},
	{city: "BJ", org: "HQ", zh: "北京三里屯店", en: "Beijing Sanlitun", district: "朝阳区", street: "工人体育场北路 21 号", lat: 39.9328, lng: 116.4543},
	{city: "BJ", org: "HQ", zh: "北京中关村店", en: "Beijing Zhongguancun", district: "海淀区", street: "中关村大街 15 号", lat: 39.9781, lng: 116.3155},
	{city: "BJ", org: "HQ", zh: "北京马连道店", en: "Beijing Maliandao", district: "西城区", street: "马连道路 25 号", lat: 39.8893, lng: 116.3286},
	{city: "BJ", org: "F-YAN", zh: "北京望京店", en: "Beijing Wangjing", district: "朝阳区", street: "阜通东大街 10 号", lat: 39.9965, lng: 116.4803},
	{city: "BJ", org: "F-YAN", zh: "北京通州店", en: "Beijing Tongzhou", district: "通州区", street: "新华西街 58 号", lat: 39.9029, lng: 116.6563},

	{city: "SZ", org: "HQ", zh: "深圳万象店", en: "Shenzhen Wanxiang", district: "罗湖区", street: "宝安南路 1881 号", lat: 22.5390, lng: 114.1105},
	{city: "SZ", org: "HQ", zh: "深圳福田店", en: "Shenzhen Futian", district: "福田区", street: "福华三路 118 号", lat: 22.5337, lng: 114.0549},
	{city: "SZ", org: "F-YUE", zh: "深圳南山店", en: "Shenzhen Nanshan", district: "南山区", street: "海德二道 300 号", lat: 22.5170, lng: 113.9347},
	{city: "SZ", org: "F-YUE", zh: "深圳龙华店", en: "Shenzhen Longhua", district: "龙华区", street: "人民路 2020 号", lat: 22.6569, lng: 114.0246},

	{city: "GZ", org: "HQ", zh: "广州天河店", en: "Guangzhou Tianhe", district: "天河区", street: "天河路 208 号", lat: 23.1330, lng: 113.3276},
	{city: "GZ", org: "HQ", zh: "广州北京路店", en: "Guangzhou Beijing Road", district: "越秀区", street: "北京路 238 号", lat: 23.1246, lng: 113.2695},
	{city: "GZ", org: "F-YUE", zh: "广州芳村店", en: "Guangzhou Fangcun", district: "荔湾区", street: "芳村大道中 508 号", lat: 23.0949, lng: 113.2353},
	{city: "GZ", org: "F-YUE", zh: "广州番禺店", en: "Guangzhou Panyu", district: "番禺区", street: "汉溪大道东 290 号", lat: 22.9967, lng: 113.3446},

	{city: "CD", org: "HQ", zh: "成都太古里店", en: "Chengdu Taikoo Li", district: "锦江区", street: "中纱帽街 8 号", lat: 30.6543, lng: 104.0833},
	{city: "CD", org: "F-SHU", zh: "成都宽窄巷店", en: "Chengdu Kuanzhai Alley", district: "青羊区", street: "长顺上街 127 号", lat: 30.6699, lng: 104.0537},
	{city: "CD", org: "F-SHU", zh: "成都天府店", en: "Chengdu Tianfu", district: "武侯区", street: "天府大道北段 1700 号", lat: 30.5403, lng: 104.0660},

	{city: "WH", org: "HQ", zh: "武汉江汉路店", en: "Wuhan Jianghan Road", district: "江汉区", street: "江汉路 129 号", lat: 30.5836, lng: 114.2903},
	{city: "WH", org: "F-CHU", zh: "武汉楚河汉街店", en: "Wuhan Hanjie", district: "武昌区", street: "中北路 109 号", lat: 30.5579, lng: 114.3407},
	{city: "WH", org: "F-CHU", zh: "武汉光谷店", en: "Wuhan Guanggu", district: "洪山区", street: "珞喻路 766 号", lat: 30.5061, lng: 114.3977},

	{city: "NJ", org: "HQ", zh: "南京新街口店", en: "Nanjing Xinjiekou", district: "秦淮区", street: "中山南路 18 号", lat: 32.0426, lng: 118.7844},
	{city: "NJ", org: "F-WU", zh: "南京夫子庙店", en: "Nanjing Fuzimiao", district: "秦淮区", street: "贡院街 84 号", lat: 32.0213, lng: 118.7886},
	{city: "NJ", org: "F-WU", zh: "南京仙林店", en: "Nanjing Xianlin", district: "栖霞区", street: "文苑路 9 号", lat: 32.1023, lng: 118.9166},

	{city: "SU", org: "F-WU", zh: "苏州观前店", en: "Suzhou Guanqian", district: "姑苏区", street: "观前街 245 号", lat: 31.3113, lng: 120.6270},
	{city: "SU", org: "F-WU", zh: "苏州金鸡湖店", en: "Suzhou Jinji Lake", district: "工业园区", street: "旺墩路 269 号", lat: 31.3232, lng: 120.7137},
	{city: "SU", org: "F-WU", zh: "苏州东山店", en: "Suzhou Dongshan", district: "吴中区", street: "东山大道 26 号", lat: 31.0688, lng: 120.4042},

	{city: "CQ", org: "F-SHU", zh: "重庆解放碑店", en: "Chongqing Jiefangbei", district: "渝中区", street: "民权路 28 号", lat: 29.5583, lng: 106.5772},
	{city: "CQ", org: "F-SHU", zh: "重庆观音桥店", en: "Chongqing Guanyinqiao", district: "江北区", street: "建新北路 16 号", lat: 29.5755, lng: 106.5326},

	{city: "XA", org: "F-QIN", zh: "西安钟楼店", en: "Xi'an Bell Tower", district: "碑林区", street: "南大街 30 号", lat: 34.2573, lng: 108.9424},
	{city: "XA", org: "F-QIN", zh: "西安曲江店", en: "Xi'an Qujiang", district: "雁塔区", street: "雁塔南路 300 号", lat: 34.2074, lng: 108.9647},

	{city: "CS", org: "HQ", zh: "长沙五一店", en: "Changsha Wuyi", district: "芙蓉区", street: "五一大道 717 号", lat: 28.1958, lng: 112.9773},
	{city: "CS", org: "F-CHU", zh: "长沙梅溪湖店", en: "Changsha Meixi Lake", district: "岳麓区", street: "环湖路 1177 号", lat: 28.1927, lng: 112.8905},

	{city: "FZ", org: "F-MIN", zh: "福州三坊七巷店", en: "Fuzhou Sanfang Qixiang", district: "鼓楼区", street: "南后街 70 号", lat: 26.0838, lng: 119.2930},
	{city: "FZ", org: "F-MIN", zh: "福州台江店", en: "Fuzhou Taijiang", district: "台江区", street: "工业路 193 号", lat: 26.0606, lng: 119.2864},

	{city: "XM", org: "HQ", zh: "厦门中山路店", en: "Xiamen Zhongshan Road", district: "思明区", street: "中山路 128 号", lat: 24.4564, lng: 118.0776},
	{city: "XM", org: "F-MIN", zh: "厦门集美店", en: "Xiamen Jimei", district: "集美区", street: "石鼓路 6 号", lat: 24.5700, lng: 118.0997},

	{city: "NB", org: "F-YONG", zh: "宁波天一店", en: "Ningbo Tianyi", district: "海曙区", street: "中山东路 188 号", lat: 29.8696, lng: 121.5523},
	{city: "NB", org: "F-YONG", zh: "宁波鄞州店", en: "Ningbo Yinzhou", district: "鄞州区", street: "四明中路 999 号", lat: 29.8121, lng: 121.5478},

	{city: "TJ", org: "F-YAN", zh: "天津滨江道店", en: "Tianjin Binjiang Avenue", district: "和平区", street: "滨江道 208 号", lat: 39.1186, lng: 117.1949},
	{city: "TJ", org: "F-YAN", zh: "天津滨海店", en: "Tianjin Binhai", district: "滨海新区", street: "第三大街 51 号", lat: 39.0325, lng: 117.6964},

	{city: "QD", org: "F-LU", zh: "青岛五四广场店", en: "Qingdao May Fourth Square", district: "市南区", street: "香港中路 10 号", lat: 36.0649, lng: 120.3846},
	{city: "JN", org: "F-LU", zh: "济南泉城路店", en: "Jinan Quancheng Road", district: "历下区", street: "泉城路 188 号", lat: 36.6664, lng: 117.0211},
	{city: "ZZ", org: "F-LU", zh: "郑州二七店", en: "Zhengzhou Erqi", district: "二七区", street: "人民路 2 号", lat: 34.7527, lng: 113.6651},
	{city: "HF", org: "F-HUI", zh: "合肥淮河路店", en: "Hefei Huaihe Road", district: "庐阳区", street: "淮河路 77 号", lat: 31.8657, lng: 117.2929},
	{city: "KM", org: "F-SHU", zh: "昆明翠湖店", en: "Kunming Green Lake", district: "五华区", street: "翠湖北路 3 号", lat: 25.0495, lng: 102.7030},
}
