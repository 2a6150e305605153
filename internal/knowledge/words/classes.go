package words

// class is one way in which screens say what screen_message calls state.
type class struct {
	state string
	words []string
}

// classes classifies the words of a screen where the pack knows no message of that vendor. They are the words which
// terminals of all makes use for these things; what a vendor secretly means by them is for the pack's messages.
// The longest match wins, so a narrow class may share words with a broad one.
func classes() []class {
	return []class{
		{"tamper_alert", []string{"tamper", "tampered", "irruption", "attacked", "be attacked", "all keys cleared", "security breach", "防拆", "被攻击", "拆机", "自毁", "触发安全", "安全触发", "机器被拆"}},
		{"device_locked", []string{"device locked", "terminal locked", "device blocked", "terminal blocked", "locked", "锁定", "终端锁定", "机器锁定", "设备锁定", "终端已锁", "已锁机", "锁机"}},
		{"not_signed_in", []string{"not signed in", "not logged on", "sign on required", "sign in required", "logon required", "please sign in", "please logon", "sign in expired", "session expired", "session missing", "未签到", "请签到", "签到过期", "请重新签到", "重新签到", "先签到"}},
		{"password_or_login", []string{"password", "wrong password", "invalid password", "login failed", "login refused", "invalid user", "operator not found", "密码错误", "操作员密码", "操作员不存在", "登录失败", "用户名或密码"}},
		{"comm_error", []string{"comm error", "comms error", "communication error", "communication failed", "connection error", "connection failed", "connection lost", "connect failed", "cannot connect", "could not connect", "no connection", "network error", "network unavailable", "timeout", "timed out", "time out", "no route", "route to host", "tcp error", "tcpip error", "socket", "dns", "no response from host", "no reply", "通讯错误", "通讯失败", "通讯异常", "通讯超时", "通信失败", "通信错误", "连接失败", "连接超时", "连接异常", "连接错误", "网络错误", "网络异常", "网络超时", "网络连接失败", "无法连接", "接收超时", "接收数据失败", "发送失败", "超时", "拨号失败", "连接tcp超时", "无网络", "网络不可用"}},
		{"host_unavailable", []string{"host unavailable", "host not available", "server not available", "server unavailable", "host down", "host not responding", "server not responding", "service unavailable", "issuer unavailable", "issuer or switch inoperative", "maintenance", "under maintenance", "系统维护", "维护中", "后台不可用", "主机不可用", "服务器维护", "服务不可用", "服务器无响应", "发卡行不可用", "交换中心异常"}},
		{"no_sim", []string{"no sim", "insert sim", "sim not found", "sim card missing", "sim error", "invalid sim", "无sim卡", "未插sim卡", "未检测到sim卡", "请插入sim卡", "没有sim卡", "无卡槽"}},
		{"no_mobile_network", []string{"no mobile network", "no network", "no signal", "no service", "no gprs", "gprs error", "ppp error", "no mobile data", "searching network", "not registered on network", "无信号", "无服务", "没有信号", "搜网", "网络注册失败", "ppp失败", "gprs失败", "无线网络未注册"}},
		{"line_error", []string{"no dial tone", "no line", "line busy", "line error", "check phone line", "check line", "phone line", "no dialtone", "无拨号音", "线路忙", "请检查电话线", "电话线", "线路故障", "线路占用"}},
		{"out_of_paper", []string{"out of paper", "no paper", "paper out", "load paper", "insert paper", "paper low", "缺纸", "无纸", "请装纸", "打印纸用完", "没有纸"}},
		{"printer_error", []string{"printer error", "printer fault", "printer failure", "printer cover open", "cover open", "printer hot", "printer too hot", "printer overheat", "printing failed", "打印机故障", "打印机错误", "打印失败", "打印机过热", "纸仓未关", "打印机盖", "打印异常"}},
		{"download_needed", []string{"download required", "download needed", "not initialized", "not initialised", "device not initialized", "application not loaded", "no application", "parameter missing", "no parameter", "parameters not loaded", "download parameter", "not configured", "setup incomplete", "setup required", "请下载", "请下载参数", "参数未下载", "未下载", "未初始化", "请初始化", "应用未安装", "请先下载", "无应用", "参数错误", "下载失败"}},
		{"key_missing", []string{"key missing", "no key", "missing key", "key not loaded", "keys not loaded", "no master key", "key not found", "key download failed", "load key", "no tmk", "no pin key", "密钥丢失", "无主密钥", "请下载密钥", "密钥未下载", "无密钥", "主密钥不存在", "请导入密钥", "密钥下载失败", "工作密钥不存在", "没有主密钥"}},
		{"key_error", []string{"mac error", "mac check", "mac failed", "pin block error", "pin key error", "key error", "key check", "kcv error", "mac invalid", "mac校验错", "mac错", "mac校验失败", "密钥错", "校验密钥错", "密钥校验失败", "密钥错误", "pin格式错", "密钥校验错"}},
		{"terminal_disabled", []string{"invalid terminal", "terminal invalid", "terminal disabled", "terminal not registered", "unknown terminal", "terminal id error", "invalid tid", "reader not assigned", "terminal not assigned", "not assigned", "not registered", "acquirer disabled", "terminal deactivated", "terminal not active", "device not registered", "终端无效", "无效终端", "终端未登记", "终端未注册", "终端号未登记", "终端停用", "终端已停用", "终端不存在", "未绑定商户", "序列号未登记", "序列号登记收单机构不一致", "机具未绑定", "终端未绑定", "终端被停用", "终端号无效", "非法终端"}},
		{"merchant_disabled", []string{"invalid merchant", "merchant invalid", "merchant disabled", "merchant blocked", "merchant stopped", "merchant not found", "merchant suspended", "invalid card acceptor", "merchant closed", "account suspended", "无效商户", "商户无效", "商户停用", "商户异常", "商户被停用", "商户异常被停用", "商户已停用", "商户未登记", "商户冻结", "商户不存在", "商户风险", "商户状态异常", "商户已注销", "商户号无效"}},
		{"location_restricted", []string{"out of area", "out of permitted area", "location not allowed", "illegal move", "out of range of use", "location restricted", "超出使用范围", "移机", "非法移机", "位置异常", "超出区域", "不在布放区域", "基站不符", "定位失败", "超出布放范围"}},
		{"not_permitted", []string{"not permitted", "transaction not permitted", "transaction not allowed", "not allowed", "invalid transaction", "not supported", "function disabled", "service not allowed", "不允许", "交易不允许", "不支持", "无效交易", "未开通", "无此权限", "不支持该交易", "不允许终端进行的交易", "操作有误", "无权限"}},
		{"card_read_error", []string{"card read error", "chip read error", "read error", "bad card", "card error", "track error", "chip error", "swipe again", "use chip", "use magstripe", "insert again", "try another way", "card not read", "cannot read card", "please use other card", "读卡错误", "读卡失败", "读卡错", "读ic卡失败", "磁道错误", "磁条错误", "请重新刷卡", "请重刷", "芯片错误", "寻卡失败", "卡片错误", "请使用芯片"}},
		{"card_expired", []string{"card expired", "expired card", "过期卡", "卡已过期", "卡片过期", "过期的卡"}},
		{"low_battery", []string{"low battery", "battery low", "charge battery", "please charge", "replace battery", "battery critical", "电量低", "电量不足", "电池电量低", "请充电", "电池低", "低电量", "电压低"}},
		{"certificate_error", []string{"certificate", "certificate expired", "certificate error", "ssl error", "tls error", "ssl handshake", "handshake failed", "authentication error", "authentication failed", "signature error", "signature invalid", "signature mismatch", "security error", "证书过期", "证书错误", "证书无效", "证书", "签名错误", "验签失败", "安全认证失败", "认证失败", "握手失败"}},
		{"date_time", []string{"reset date and time", "set date", "set time", "set date and time", "date and time", "invalid date", "clock error", "时间错误", "日期错误", "设置时间", "设置日期", "时钟错误", "时间不正确", "请校时"}},
		{"batch_problem", []string{"batch full", "memory full", "settle batch", "settlement required", "batch error", "batch rejected", "close batch", "reconcile error", "upload failed", "storage full", "must settle", "交易满", "请结算", "流水满", "批次错误", "请先结算", "对账不平", "批上送", "存储满", "内存满", "交易已满", "批结算失败"}},
		{"peripheral_error", []string{"pinpad not found", "pin pad not found", "pinpad error", "pin pad error", "no pinpad", "pin pad offline", "scanner error", "scanner not found", "device not found", "peripheral error", "pinpad not connected", "out of order", "密码键盘", "密码键盘未连接", "密码键盘故障", "外设", "未找到设备", "扫描头故障", "扫码头"}},
		{"version_or_update", []string{"update required", "update failed", "upgrade required", "version not supported", "version error", "old version", "software update", "please update", "new version", "版本过低", "版本过旧", "请升级", "升级失败", "更新失败", "请更新", "需要更新", "版本不符", "版本错误", "需要升级"}},
		{"limited_mode", []string{"training mode", "training", "demo mode", "test mode", "service mode", "offline mode", "maintenance mode", "演示模式", "训练模式", "练习模式", "离线模式", "测试模式", "维护模式"}},
		{"system_error", []string{"system error", "system malfunction", "technical error", "device error", "device fault", "hardware error", "internal error", "general error", "unknown error", "application error", "fatal error", "terminal error", "general server error", "系统错误", "系统异常", "系统故障", "设备故障", "硬件故障", "应用异常", "未知错误", "内部错误", "机器故障", "程序异常", "已停止运行"}},
		{"busy_or_waiting", []string{"please wait", "connecting", "processing", "configuring", "printing", "initializing", "loading", "waiting", "busy", "请稍候", "请等待", "处理中", "连接中", "正在连接", "正在处理", "加载中", "正在启动", "正在打印", "初始化中"}},
	}
}
