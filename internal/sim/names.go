package sim

import "github.com/posmedic/posmedic/internal/kernel/lang"

// Link is how a terminal reaches the world.
type Link string

// The links; the words are those of the variable link_type.
const (
	Ethernet Link = "ethernet"
	WiFi     Link = "wifi"
	Cellular Link = "cellular"
)

// model is a kind of terminal.
type model struct {
	name    string
	battery bool
	secure  bool // TLS to the host; older ones speak plain TCP over a closed carrier network or the shop's line
	links   []Link
}

func models() []model {
	return []model{
		{"PAX-A920", true, true, []Link{Cellular, WiFi}},
		{"SUNMI-P2", true, true, []Link{WiFi, Cellular}},
		{"NEWLAND-N910", true, true, []Link{Cellular}},
		{"INGENICO-DESK3500", false, true, []Link{Ethernet}},
		{"VERIFONE-VX520", false, false, []Link{Ethernet}},
		{"PAX-S90", true, false, []Link{Cellular}},
	}
}

// trade is a kind of shop, with its hours (of the day, local time) and customers per terminal in a busy hour.
type trade struct {
	name          lang.Text
	opens, closes int
	busy          float64
}

func trades() []trade {
	return []trade{
		{lang.Text{ZH: "便利店", EN: "Convenience Store"}, 7, 23, 60},
		{lang.Text{ZH: "餐厅", EN: "Restaurant"}, 10, 22, 40},
		{lang.Text{ZH: "药房", EN: "Pharmacy"}, 8, 21, 40},
		{lang.Text{ZH: "水果店", EN: "Fruit Shop"}, 8, 22, 60},
		{lang.Text{ZH: "服装店", EN: "Clothing Store"}, 10, 21, 30},
		{lang.Text{ZH: "书店", EN: "Bookshop"}, 9, 21, 30},
		{lang.Text{ZH: "面包房", EN: "Bakery"}, 7, 21, 60},
		{lang.Text{ZH: "茶馆", EN: "Tea House"}, 9, 23, 30},
	}
}

func owners() []lang.Text {
	return []lang.Text{
		{ZH: "顺发", EN: "Shunfa"}, {ZH: "福满", EN: "Fuman"}, {ZH: "晨光", EN: "Chenguang"}, {ZH: "永和", EN: "Yonghe"},
		{ZH: "小桥", EN: "Xiaoqiao"}, {ZH: "金穗", EN: "Jinsui"}, {ZH: "兰亭", EN: "Lanting"}, {ZH: "百味", EN: "Baiwei"},
		{ZH: "南山", EN: "Nanshan"}, {ZH: "同心", EN: "Tongxin"}, {ZH: "悦来", EN: "Yuelai"}, {ZH: "青禾", EN: "Qinghe"},
	}
}

func roads() []lang.Text {
	return []lang.Text{
		{ZH: "解放路", EN: "Jiefang Road"}, {ZH: "中山路", EN: "Zhongshan Road"}, {ZH: "人民路", EN: "Renmin Road"},
		{ZH: "学院街", EN: "Xueyuan Street"}, {ZH: "滨河街", EN: "Binhe Street"}, {ZH: "钟楼巷", EN: "Zhonglou Lane"},
		{ZH: "东湖路", EN: "Donghu Road"}, {ZH: "桂花街", EN: "Guihua Street"},
	}
}

func carriers() []string { return []string{"China-Mobile", "China-Unicom", "China-Telecom"} }
