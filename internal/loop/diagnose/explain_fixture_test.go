package diagnose_test

import (
	"time"

	"github.com/posmedic/posmedic/internal/kernel/finding"
	"github.com/posmedic/posmedic/internal/kernel/lang"
	"github.com/posmedic/posmedic/internal/loop/diagnose"
	"github.com/posmedic/posmedic/pack"
)

// The corner shop is a small pack with real words. It is written here, and not loaded, so that nothing but the engine
// decides about the answers that the files beside this test hold.

func both(zh, en string) lang.Text { return lang.Text{ZH: zh, EN: en} }

func cornerShop() *pack.Pack {
	return &pack.Pack{
		Ref:       pack.Ref{ID: "corner-shop", Version: "1", Hash: "c0ffee"},
		Faults:    cornerFaults(),
		Variables: cornerVariables(),
		Steps:     cornerSteps(),
		Codes:     []pack.Code{{Set: "unionpay", Code: "03", Fault: true, PointsTo: map[string]pack.Number{"acc_blocked": number(0.8)}}},
		CallCost:  pack.Cost{DeskMin: 20, DowntimeMin: 240},
	}
}

func cornerFaults() []pack.Fault { // ordered by id
	list := []pack.Fault{
		fault("acc_blocked", "account", "acquirer_backoffice", 10, shows{"main_symptom": {"sales_fail": 0.9},
			"screen_message": {"response_code": 0.9}, "merchant_status": {"blocked": 0.9}, "host_connect_test": {"ok": 0.95}, "other_devices_online": {"yes": 0.95}}),
		fault("host_outage", "acquirer_host", "acquirer_backoffice", 10, shows{"main_symptom": {"sales_fail": 0.7, "no_connection": 0.2},
			"host_connect_test": {"no_connection": 0.9}, "status_page": {"outage_reported": 0.8}, "other_devices_online": {"yes": 0.95}},
			"do_not_restart", "do_not_reset", "keep_unsent_sales"),
		fault("hw_reader", "hardware", "field_engineer", 8, shows{"main_symptom": {"sales_fail": 0.6}, "card_test": {"not_read": 0.9},
			"inside_inspection": {"corroded": 0.5}, "host_connect_test": {"ok": 0.95}}, "do_not_open"),
		fault("net_router", "network", "merchant", 20, shows{"main_symptom": {"no_connection": 0.9}, "other_devices_online": {"no": 0.9},
			"host_connect_test": {"no_connection": 0.9}, "wifi_icon": {"crossed_out": 0.9}}),
		fault("sec_tamper", "security", "depot", 2, shows{"screen_message": {"tamper_alert": 0.9}, "tamper_flag": {"set": 0.95},
			"main_symptom": {"sales_fail": 0.8}}, "do_not_open", "do_not_reset", "do_not_restart"),
		fault("sw_hang", "software", "merchant", 30, shows{"main_symptom": {"frozen": 0.9}, "app_state": {"hung": 0.9},
			"host_connect_test": {"ok": 0.95}}, "check_before_charging_again"),
	}
	for i, words := range [][2]lang.Text{
		{both("商户被停用", "merchant account blocked"), both("你的商户账户被停用了，后台拒绝所有交易。", "The merchant account was blocked, so the host refuses every sale.")},
		{both("收单后台故障", "acquirer host outage"), both("收单机构的后台出了故障，很多商户都受影响，不是你这台的问题。", "The acquirer's host is down for many shops; it is not this terminal.")},
		{both("读卡器坏了", "card reader broken"), both("读卡器坏了，读不出卡。", "The card reader is broken and reads no card.")},
		{both("店里断网", "the shop is offline"), both("店里的网络断了，终端连不上。", "The shop's network is down, so the terminal cannot connect.")},
		{both("触发安全锁", "tamper lock"), both("终端的安全锁被触发了，不能再用。", "The terminal's security lock was set off; it must not be used any more.")},
		{both("程序卡死", "app hung"), both("程序卡住了，点什么都没反应。", "The program is stuck and answers nothing.")},
	} {
		list[i].Name, list[i].Means = words[0], words[1]
	}
	return list
}

func cornerVariables() []pack.Variable { // ordered by id
	type state struct {
		id     string
		zh, en string
	}
	make := func(id, group, zh, en, askZH, askEN string, ask []string, probe string, states ...state) pack.Variable {
		var ids []string
		for _, s := range states {
			ids = append(ids, s.id)
		}
		v := variable(id, group, ask, probe, ids...)
		v.Name, v.Question = both(zh, en), both(askZH, askEN)
		for i, s := range states {
			v.States[i].Words = both(s.zh, s.en)
		}
		return v
	}
	rarely := func(v pack.Variable) pack.Variable {
		v.Leak = []float64{0.95, 0.05}
		return v
	}
	shop, desk, field := []string{"merchant"}, []string{"agent"}, []string{"field"}
	return []pack.Variable{
		make("app_restart_helps", "outcome", "重启程序", "restarting the app", "重启程序有用吗？", "Does restarting the app help?", shop, "",
			state{"no", "没有用", "does not help"}, state{"yes", "有用", "helps"}),
		rarely(make("app_state", "software", "支付程序", "payment app", "支付程序怎么样？", "How is the payment app?", []string{"tms"}, "app",
			state{"runs", "正常运行", "runs"}, state{"hung", "卡住", "is stuck"})),
		make("card_test", "hardware", "换卡试", "another card", "换一张卡能读出来吗？", "Is another card read?", shop, "",
			state{"read", "能读", "is read"}, state{"not_read", "读不出", "is not read"}),
		make("host_connect_test", "network", "连接测试", "connection test", "能连上主机吗？", "Does it reach the host?", []string{"tms"}, "host",
			state{"ok", "正常", "fine"}, state{"no_connection", "连不上", "no connection"}),
		make("inside_inspection", "hardware", "拆机检查", "inside inspection", "里面有没有腐蚀？", "Is there corrosion inside?", field, "",
			state{"clean", "干净", "clean"}, state{"corroded", "有腐蚀", "corroded"}),
		make("main_symptom", "report", "主要现象", "main trouble", "现在是什么情况？", "What happens?", shop, "",
			state{"works", "正常", "it works"}, state{"frozen", "画面不动", "the picture is frozen"}, state{"no_connection", "连不上网", "no connection"},
			state{"sales_fail", "交易失败", "sales fail"}, state{"other", "别的问题", "something else"}),
		make("merchant_status", "account", "商户状态", "merchant status", "后台里商户状态是什么？", "What is the merchant's status at the host?", []string{"acquirer"}, "",
			state{"active", "正常", "active"}, state{"blocked", "停用", "blocked"}),
		make("other_devices_online", "network", "店里别的设备", "other devices in the shop", "店里的手机能上网吗？", "Are the phones in the shop online?", shop, "",
			state{"yes", "能上网", "online"}, state{"no", "上不了网", "offline"}),
		{ID: "response_code", Group: "screen", Type: pack.String, Name: both("返回码", "response code"), Question: both("屏幕上的代码是多少？", "Which code is on the screen?"), Ask: shop, Minutes: 1},
		make("screen_message", "screen", "屏幕提示", "message on the screen", "屏幕上写着什么？", "What does the screen say?", shop, "",
			state{"none", "没有提示", "nothing"}, state{"tamper_alert", "安全报警", "a tamper alert"}, state{"response_code", "一个返回码", "a response code"}),
		make("status_page", "host", "后台公告", "status page", "公告里有没有故障？", "Does the status page report an outage?", desk, "",
			state{"all_ok", "一切正常", "all well"}, state{"outage_reported", "有故障公告", "an outage is reported"}),
		make("tamper_flag", "keys_security", "安全标志", "tamper flag", "安全标志是什么？", "What is the tamper flag?", []string{"tms", "field"}, "keys",
			state{"clear", "正常", "clear"}, state{"set", "已触发", "set"}),
		rarely(make("wifi_icon", "network", "网络图标", "network icon", "屏幕上的网络图标怎么样？", "How is the network icon?", shop, "",
			state{"full", "正常", "normal"}, state{"crossed_out", "打叉", "crossed out"})),
	}
}

func cornerSteps() []pack.Step { // ordered by id
	named := func(s pack.Step, zh, en, doZH, doEN string) pack.Step {
		s.Name, s.Do = both(zh, en), []lang.Text{both(doZH, doEN)}
		return s
	}
	app := repair("restart_app", "remote", map[string]float64{"sw_hang": 0.85}, "do_not_restart")
	app.Learns = "app_restart_helps"
	router := repair("restart_router", "merchant", map[string]float64{"net_router": 0.7})
	router.Cost = pack.Cost{MerchantMin: 4, DowntimeMin: 6, Insult: 0.1}
	terminal := repair("restart_terminal", "merchant", map[string]float64{"sw_hang": 0.8, "net_router": 0.1}, "do_not_restart")
	terminal.Cost = pack.Cost{MerchantMin: 3, DowntimeMin: 4, Risk: 0.01, Insult: 0.2}
	return []pack.Step{
		named(handover("acquirer_backoffice", "acc_blocked", "host_outage"), "转给收单机构后台处理", "hand over to the acquirer's back office",
			"把商户号和现象报给后台。", "Report merchant number and what happens to the back office."),
		named(handover("depot", "sec_tamper"), "更换终端并送修", "replace the terminal and send it to the depot", "安排一台备用机。", "Arrange a replacement."),
		named(handover("field_engineer", "hw_reader"), "派工程师上门", "send a field engineer", "预约工程师上门。", "Book a visit."),
		named(handover("helpdesk_remote", "sw_hang"), "转给客服远程处理", "hand over to the help desk", "联系客服，报上终端号。", "Call the help desk and give the terminal number."),
		named(handover("merchant", "net_router"), "请店里处理", "leave it to the shop", "请店里的网管处理。", "Ask the shop's network person."),
		named(app, "远程重启支付程序", "restart the payment app from afar", "自动完成。", "It is done by itself."),
		named(router, "重启路由器", "restart the router", "拔掉路由器电源，等十秒再插上。", "Unplug the router, wait ten seconds, plug it in again."),
		named(terminal, "重启终端", "restart the terminal", "按住电源键关机，再开机。", "Hold the power key to switch off, then on again."),
	}
}

func at(minutesAgo int, f finding.Finding) finding.Finding {
	f.At = now().Add(-time.Duration(minutesAgo) * time.Minute)
	return f
}

func everybody() diagnose.Audience {
	return diagnose.Audience{Merchant: true, Remote: true, Desk: true}
}

// situations are fixed inputs, one for each kind of answer.
func situations() map[string]diagnose.Input {
	frozen, unsure := at(2, said("main_symptom", "frozen")), at(1, said("screen_message", "none"))
	unsure.Confidence = 0.6
	return map[string]diagnose.Input{
		"hung": {Now: now(), Audience: everybody(), Findings: []finding.Finding{at(1, measured("app_state", "hung")), frozen, unsure,
			at(1, measured("host_connect_test", "ok"))}},
		"offline": {Now: now(), Audience: diagnose.Audience{Merchant: true, Desk: true}, Findings: []finding.Finding{at(3, said("main_symptom", "no_connection"))},
			Unknown: []string{"screen_message"}},
		"unsure":  {Now: now(), Audience: diagnose.Audience{Merchant: true, Desk: true}, Findings: []finding.Finding{at(3, said("main_symptom", "sales_fail"))}},
		"unknown": {Now: now(), Audience: diagnose.Audience{Merchant: true, Desk: true}, Findings: []finding.Finding{at(3, said("main_symptom", "other"))}},
		"tampered": {Now: now(), Audience: everybody(), Findings: []finding.Finding{at(5, said("main_symptom", "frozen")), at(4, measured("app_state", "hung")),
			at(1, measured("tamper_flag", "set"))}},
	}
}

// moreSituations only hold the engine's answers.
func moreSituations() map[string]diagnose.Input {
	all := situations()
	tried := []diagnose.Attempt{{Step: "restart_app", At: now().Add(-time.Minute)}}
	all["healthy"] = diagnose.Input{Now: now(), Findings: []finding.Finding{measured("sales_possible", "all")}}
	all["nothing known"] = diagnose.Input{Now: now(), Audience: everybody()}
	all["after a repair"] = diagnose.Input{Now: now(), Audience: everybody(), Tried: tried,
		Findings: []finding.Finding{at(5, measured("app_state", "hung")), said("main_symptom", "frozen")}}
	all["everybody has it"] = diagnose.Input{Now: now(), Audience: everybody(), Findings: []finding.Finding{
		{Variable: "status_page", State: "outage_reported", At: now(), Source: finding.Incident}, measured("host_connect_test", "no_connection")}}
	all["contradiction"] = diagnose.Input{Now: now(), Audience: everybody(), Findings: []finding.Finding{
		said("other_devices_online", "no"), at(1, said("other_devices_online", "yes")), said("main_symptom", "no_connection"), said("response_code", "03")}}
	return all
}
