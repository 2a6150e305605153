package pack

// Hazard is something that makes matters worse when it is ignored. A fault carries hazards; a step says which it
// breaks.
type Hazard struct {
	ID      string
	Words   Text
	Forbids bool // true: what breaks it must not be done at all; false: first check or do this, then go on
}

// Hazards is the table of all hazards, forbidding ones first.
func Hazards() []Hazard {
	return []Hazard{
		{"do_not_restart", Text{ZH: "不要重启终端", EN: "do not restart the terminal"}, true},
		{"do_not_reset", Text{ZH: "不要恢复出厂或清除数据", EN: "do not reset the terminal or clear its data"}, true},
		{"do_not_open", Text{ZH: "不要拆机", EN: "do not open the case"}, true},
		{"do_not_swap_sim_without_rebinding", Text{ZH: "没有重新绑定前不要换SIM卡", EN: "do not change the SIM before it is bound again"}, true},
		{"do_not_retry_repeatedly", Text{ZH: "不要反复重试", EN: "do not try again and again"}, true},
		{"do_not_split_or_simulate_sales", Text{ZH: "不要拆单或虚假交易", EN: "do not split sales or make up sales"}, true},
		{"do_not_use_swollen_battery", Text{ZH: "电池鼓包就不要再用、不要充电", EN: "do not use or charge a swollen battery"}, true},
		{"unplug_and_do_not_power_on", Text{ZH: "拔掉电源，不要开机", EN: "unplug it and do not switch it on"}, true},
		{"keep_unsent_sales", Text{ZH: "先保住尚未上送的交易", EN: "first secure the sales that are not sent yet"}, false},
		{"check_before_charging_again", Text{ZH: "再次收款前先查这笔是否已扣", EN: "before charging again, check whether the money was taken"}, false},
		{"check_fleet_notice_before_restart", Text{ZH: "重启前先看有没有统一通知", EN: "before a restart, look for a notice to all shops"}, false},
		{"power_off_before_cleaning", Text{ZH: "清洁前先关机断电", EN: "switch it off and unplug it before cleaning"}, false},
		{"power_off_before_touching_sim", Text{ZH: "动SIM卡前先关机", EN: "switch it off before touching the SIM"}, false},
		{"mains_power_during_update", Text{ZH: "更新时一直接着电源", EN: "keep it on mains power during the update"}, false},
		{"stop_selling_until_fixed", Text{ZH: "修好之前先停止用这台收款", EN: "take no payments on this terminal until it is put right"}, false},
	}
}

// FindHazard looks a hazard up by id.
func FindHazard(id string) (Hazard, bool) {
	for _, h := range Hazards() {
		if h.ID == id {
			return h, true
		}
	}
	return Hazard{}, false
}

func hazardIDs() []string {
	var ids []string
	for _, h := range Hazards() {
		ids = append(ids, h.ID)
	}
	return ids
}
