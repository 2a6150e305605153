package screens

import "strings"

// root words give away what a message is about whatever stands around them. A text has the votes of every root in it; a
// root that lies inside a longer one of the same text does not vote.
type rootWord struct {
	root  string // Latin roots begin a word, or stand anywhere in it from five letters on
	class string
	vote  float64 // 1: hardly ever anything else; more: also beside words of other kinds, as what is out of order
}

func roots() []rootWord {
	return []rootWord{
		{"tamper", "tamper_alert", 3}, {"attacked", "tamper_alert", 3}, {"intrusion", "tamper_alert", 1}, {"irruption", "tamper_alert", 1}, {"breach", "tamper_alert", 1}, {"sensor", "tamper_alert", 0.6},
		{"防拆", "tamper_alert", 3}, {"攻击", "tamper_alert", 3}, {"自毁", "tamper_alert", 3}, {"拆机", "tamper_alert", 1}, {"被拆", "tamper_alert", 3}, {"触发", "tamper_alert", 0.7},
		{"locked", "device_locked", 0.6}, {"锁定", "device_locked", 0.6}, {"锁机", "device_locked", 0.9}, {"已锁", "device_locked", 0.7},
		{"sign on", "not_signed_in", 0.9}, {"signed on", "not_signed_in", 0.9}, {"sign in", "not_signed_in", 0.8}, {"logon", "not_signed_in", 0.8}, {"log on", "not_signed_in", 0.8}, {"session", "not_signed_in", 0.7}, {"签到", "not_signed_in", 1}, {"token", "not_signed_in", 0.5}, {"unauth", "not_signed_in", 0.7},
		{"password", "password_or_login", 0.9}, {"passcode", "password_or_login", 0.9}, {"operator", "password_or_login", 0.7}, {"clerk", "password_or_login", 0.8}, {"clrk", "password_or_login", 0.8}, {"cashier", "password_or_login", 0.7}, {"user id", "password_or_login", 0.8}, {"操作员", "password_or_login", 0.9}, {"柜员", "password_or_login", 0.8}, {"登录", "password_or_login", 0.5}, {"用户名", "password_or_login", 0.8}, {"密码错", "password_or_login", 0.9},
		{"comm", "comm_error", 0.6}, {"connect", "comm_error", 0.6}, {"network", "comm_error", 0.6}, {"timeout", "comm_error", 0.6}, {"timed out", "comm_error", 0.6}, {"time out", "comm_error", 0.6}, {"socket", "comm_error", 0.8}, {"tcp", "comm_error", 0.8}, {"dns", "comm_error", 0.9}, {"dhcp", "comm_error", 0.9}, {"route", "comm_error", 0.6}, {"unreachable", "comm_error", 0.8}, {"resolve", "comm_error", 0.8}, {"handshake", "comm_error", 0.6}, {"ethernet", "comm_error", 0.8}, {"wlan", "comm_error", 0.8}, {"bluetooth", "comm_error", 0.7}, {"通讯", "comm_error", 0.8}, {"通信", "comm_error", 0.8}, {"连接", "comm_error", 0.6}, {"网络", "comm_error", 0.6}, {"超时", "comm_error", 0.7}, {"端口", "comm_error", 0.6}, {"接收", "comm_error", 0.5}, {"联网", "comm_error", 0.7}, {"链路", "comm_error", 0.7},
		{"server", "host_unavailable", 0.6}, {"host", "host_unavailable", 0.6}, {"issuer", "host_unavailable", 0.7}, {"acquirer", "host_unavailable", 0.4}, {"maintenance", "host_unavailable", 0.9}, {"unavailable", "host_unavailable", 0.5}, {"后台", "host_unavailable", 0.6}, {"主机", "host_unavailable", 0.6}, {"服务器", "host_unavailable", 0.6}, {"维护", "host_unavailable", 0.9}, {"发卡行", "host_unavailable", 0.6}, {"发卡方", "host_unavailable", 0.6}, {"无应答", "host_unavailable", 0.7}, {"交换中心", "host_unavailable", 0.9},
		{"sim", "no_sim", 1}, {"puk", "no_sim", 1}, {"uim", "no_sim", 1},
		{"gprs", "no_mobile_network", 0.9}, {"ppp", "no_mobile_network", 0.9}, {"apn", "no_mobile_network", 0.9}, {"signal", "no_mobile_network", 0.9}, {"mobile network", "no_mobile_network", 1}, {"no service", "no_mobile_network", 0.9}, {"pdp", "no_mobile_network", 0.9}, {"信号", "no_mobile_network", 0.9}, {"无服务", "no_mobile_network", 0.9}, {"搜网", "no_mobile_network", 1}, {"基站", "no_mobile_network", 0.4}, {"移动网络", "no_mobile_network", 0.9}, {"拨号", "no_mobile_network", 0.4},
		{"dial tone", "line_error", 2.5}, {"dialtone", "line_error", 2.5}, {"phone line", "line_error", 1}, {"line busy", "line_error", 2.5}, {"modem", "line_error", 0.8}, {"carrier", "line_error", 0.7}, {"dial", "line_error", 0.6}, {"电话线", "line_error", 2.5}, {"线路", "line_error", 2.5}, {"拨号音", "line_error", 1},
		{"paper", "out_of_paper", 0.9}, {"缺纸", "out_of_paper", 2.5}, {"无纸", "out_of_paper", 2.5}, {"没纸", "out_of_paper", 2.5}, {"装纸", "out_of_paper", 2.5}, {"换纸", "out_of_paper", 0.9}, {"纸尽", "out_of_paper", 2.5}, {"paper jam", "printer_error", 2.5}, {"nopaper", "out_of_paper", 2.5},
		{"printer", "printer_error", 1.6}, {"print head", "printer_error", 0.9}, {"prn", "printer_error", 1.6}, {"打印", "printer_error", 1.6}, {"卡纸", "printer_error", 2.5}, {"纸仓", "printer_error", 0.9}, {"cover", "printer_error", 0.7},
		{"download", "download_needed", 0.7}, {"parameter", "download_needed", 0.7}, {"initiali", "download_needed", 0.8}, {"configur", "download_needed", 0.7}, {"config", "download_needed", 0.6}, {"application not", "download_needed", 0.8}, {"下载", "download_needed", 0.6}, {"参数", "download_needed", 0.8}, {"初始化", "download_needed", 0.9}, {"应用未", "download_needed", 0.8}, {"配置", "download_needed", 0.7}, {"capk", "download_needed", 0.8}, {"aid table", "download_needed", 0.7},
		{"tmk", "key_missing", 0.7}, {"no key", "key_missing", 1}, {"key missing", "key_missing", 1}, {"key not", "key_missing", 1}, {"keys", "key_missing", 0.6}, {"rki", "key_missing", 0.9}, {"dukpt", "key_missing", 0.6}, {"无密钥", "key_missing", 1}, {"密钥不存在", "key_missing", 1}, {"密钥丢失", "key_missing", 1}, {"无主密钥", "key_missing", 1}, {"下载密钥", "key_missing", 1}, {"主密钥", "key_missing", 0.5}, {"灌密钥", "key_missing", 1}, {"灌装", "key_missing", 0.7},
		{"mac", "key_error", 1.6}, {"kcv", "key_error", 1.6}, {"pin block", "key_error", 1.6}, {"xlate", "key_error", 0.9}, {"decrypt", "key_error", 1.6}, {"encrypt", "key_error", 0.6}, {"bpk", "key_error", 0.9}, {"密钥", "key_error", 0.7}, {"校验", "key_error", 0.5}, {"加密", "key_error", 0.7}, {"解密", "key_error", 1.6}, {"密文", "key_error", 1.6}, {"key error", "key_error", 1}, {"check value", "key_error", 0.8},
		{"terminal id", "terminal_disabled", 0.9}, {"tid", "terminal_disabled", 0.9}, {"invalid terminal", "terminal_disabled", 1}, {"not assigned", "terminal_disabled", 1}, {"not registered", "terminal_disabled", 0.8}, {"activat", "terminal_disabled", 0.7}, {"serial number", "terminal_disabled", 0.8}, {"disabled", "terminal_disabled", 0.6}, {"终端号", "terminal_disabled", 0.9}, {"终端未", "terminal_disabled", 0.9}, {"序列号", "terminal_disabled", 0.9}, {"绑定", "terminal_disabled", 0.8}, {"激活", "terminal_disabled", 0.8}, {"停机", "terminal_disabled", 0.7}, {"终端停", "terminal_disabled", 1}, {"无效终端", "terminal_disabled", 1}, {"终端无效", "terminal_disabled", 1}, {"终端不", "terminal_disabled", 0.7},
		{"merchant", "merchant_disabled", 0.9}, {"acceptor", "merchant_disabled", 0.9}, {"account suspended", "merchant_disabled", 0.9}, {"商户", "merchant_disabled", 0.9}, {"商户号", "merchant_disabled", 1}, {"账户", "merchant_disabled", 0.5},
		{"location", "location_restricted", 0.9}, {"geofence", "location_restricted", 1}, {"out of area", "location_restricted", 1}, {"移机", "location_restricted", 1}, {"位置", "location_restricted", 0.9}, {"使用范围", "location_restricted", 1}, {"区域", "location_restricted", 0.9}, {"布放", "location_restricted", 1}, {"定位", "location_restricted", 0.9},
		{"not permitted", "not_permitted", 0.9}, {"not allowed", "not_permitted", 0.9}, {"not supported", "not_permitted", 0.8}, {"unsupported", "not_permitted", 0.8}, {"limit", "not_permitted", 0.8}, {"invalid trans", "not_permitted", 0.9}, {"permission", "not_permitted", 0.8}, {"不允许", "not_permitted", 0.9}, {"不支持", "not_permitted", 0.8}, {"未开通", "not_permitted", 0.9}, {"权限", "not_permitted", 0.8}, {"限额", "not_permitted", 0.9}, {"超限", "not_permitted", 0.9}, {"无效交易", "not_permitted", 0.9},
		{"card read", "card_read_error", 1}, {"chip", "card_read_error", 0.9}, {"track", "card_read_error", 0.9}, {"swipe", "card_read_error", 0.9}, {"magstripe", "card_read_error", 0.9}, {"icc", "card_read_error", 0.8}, {"card error", "card_read_error", 0.9}, {"读卡", "card_read_error", 0.9}, {"磁道", "card_read_error", 0.9}, {"磁条", "card_read_error", 0.9}, {"刷卡失败", "card_read_error", 0.7}, {"寻卡", "card_read_error", 0.9}, {"芯片", "card_read_error", 0.9}, {"ic卡", "card_read_error", 0.8}, {"换卡", "card_read_error", 0.7}, {"another card", "card_read_error", 0.7},
		{"card expired", "card_expired", 1}, {"expired card", "card_expired", 1}, {"expiry date", "card_expired", 0.8}, {"过期卡", "card_expired", 1}, {"卡已过期", "card_expired", 1}, {"卡片过期", "card_expired", 1}, {"有效期", "card_expired", 0.6},
		{"battery", "low_battery", 1}, {"charg", "low_battery", 0.7}, {"电量", "low_battery", 1}, {"充电", "low_battery", 0.9}, {"电池", "low_battery", 1}, {"电压", "low_battery", 0.7}, {"低电", "low_battery", 1},
		{"certificate", "certificate_error", 1}, {"cert", "certificate_error", 0.9}, {"ssl", "certificate_error", 0.8}, {"tls", "certificate_error", 0.8}, {"signature", "certificate_error", 0.8}, {"licen", "certificate_error", 0.7}, {"证书", "certificate_error", 1}, {"签名", "certificate_error", 0.8}, {"验签", "certificate_error", 1}, {"握手", "certificate_error", 0.8}, {"认证", "certificate_error", 0.6},
		{"date", "date_time", 0.5}, {"clock", "date_time", 1}, {"rtc", "date_time", 1}, {"时钟", "date_time", 1}, {"日期", "date_time", 0.8}, {"校时", "date_time", 1}, {"时间", "date_time", 0.5},
		{"batch", "batch_problem", 0.9}, {"settle", "batch_problem", 1}, {"reconcil", "batch_problem", 1}, {"memory full", "batch_problem", 0.8}, {"storage full", "batch_problem", 0.8}, {"end of day", "batch_problem", 1}, {"结算", "batch_problem", 0.9}, {"批次", "batch_problem", 0.9}, {"批上送", "batch_problem", 1}, {"流水", "batch_problem", 0.7}, {"对账", "batch_problem", 0.9}, {"交易满", "batch_problem", 1}, {"存储满", "batch_problem", 0.8}, {"内存满", "batch_problem", 0.8},
		{"pinpad", "peripheral_error", 1.6}, {"pin pad", "peripheral_error", 1.6}, {"scanner", "peripheral_error", 1.6}, {"peripheral", "peripheral_error", 1.6}, {"reader not", "peripheral_error", 0.7}, {"keypad", "peripheral_error", 0.7}, {"密码键盘", "peripheral_error", 1.6}, {"键盘", "peripheral_error", 0.6}, {"外设", "peripheral_error", 1.6}, {"扫描头", "peripheral_error", 1.6}, {"扫码头", "peripheral_error", 1.6}, {"摄像头", "peripheral_error", 0.8}, {"读卡器", "peripheral_error", 1.6}, {"auto detect", "peripheral_error", 0.7},
		{"version", "version_or_update", 0.9}, {"update", "version_or_update", 0.9}, {"upgrade", "version_or_update", 0.9}, {"firmware", "version_or_update", 0.8}, {"版本", "version_or_update", 0.9}, {"升级", "version_or_update", 0.9}, {"更新", "version_or_update", 0.8},
		{"training", "limited_mode", 0.9}, {"demo", "limited_mode", 0.9}, {"offline mode", "limited_mode", 0.9}, {"test mode", "limited_mode", 0.9}, {"service mode", "limited_mode", 0.9}, {"演示", "limited_mode", 0.9}, {"训练", "limited_mode", 0.9}, {"练习", "limited_mode", 0.9}, {"离线模式", "limited_mode", 0.9},
		{"system error", "system_error", 1}, {"internal error", "system_error", 1}, {"fatal", "system_error", 0.8}, {"exception", "system_error", 0.7}, {"malfunction", "system_error", 0.7}, {"hardware", "system_error", 0.8}, {"technical error", "system_error", 1}, {"系统错误", "system_error", 1}, {"系统异常", "system_error", 1}, {"故障", "system_error", 0.5}, {"停止运行", "system_error", 1}, {"未知错误", "system_error", 1}, {"内部错误", "system_error", 1},
		{"please wait", "busy_or_waiting", 1}, {"processing", "busy_or_waiting", 0.8}, {"connecting", "busy_or_waiting", 0.8}, {"loading", "busy_or_waiting", 0.7}, {"请稍", "busy_or_waiting", 1}, {"处理中", "busy_or_waiting", 0.9}, {"正在", "busy_or_waiting", 0.7}, {"连接中", "busy_or_waiting", 0.9}, {"等待", "busy_or_waiting", 0.6},
	}
}

// rootVote is the vote of a sure root beside wordings, whose votes are powers of their likeness.
const rootVote = 0.12

// rootLikeness is the likeness that a sure root stands for where no wording resembles the text more.
const rootLikeness = 0.6

// votesOfRoots gives each class the strongest root it has in a text, and the strength of the strongest.
func (c *Classifier) votesOfRoots(text string) map[string]float64 {
	spaced, joined := letters(text)
	var found []rootWord
	for _, r := range c.roots {
		if hasRoot(spaced, joined, r.root) {
			found = append(found, r)
		}
	}
	votes := map[string]float64{}
	for i, r := range found {
		inner := false
		for k, o := range found {
			inner = inner || (i != k && len(o.root) > len(r.root) && strings.Contains(o.root, r.root))
		}
		if !inner {
			votes[r.class] = max(votes[r.class], r.vote)
		}
	}
	return votes
}

// hasRoot: a Chinese root stands anywhere; a Latin one begins a word, and from five letters on may stand inside one.
func hasRoot(spaced, joined, root string) bool {
	if root[0] >= 0x80 {
		return strings.Contains(joined, root)
	}
	return strings.Contains(spaced, " "+root) || (len(root) >= 5 && strings.Contains(joined, strings.ReplaceAll(root, " ", "")))
}
