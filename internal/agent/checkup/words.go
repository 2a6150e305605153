package checkup

import (
	"fmt"
	"time"

	"github.com/posmedic/posmedic/internal/agent/probe"
	"github.com/posmedic/posmedic/internal/kernel/finding"
	"github.com/posmedic/posmedic/internal/kernel/lang"
	"github.com/posmedic/posmedic/internal/loop/diagnose"
	"github.com/posmedic/posmedic/pack"
)

func colon(l lang.Lang) string {
	if l == lang.ZH {
		return "："
	}
	return ": "
}

// mark stands in front of a probe's line.
func mark(s probe.State) string {
	switch s {
	case probe.OK:
		return "✓"
	case probe.Failed:
		return "✗"
	case probe.Skipped:
		return "-"
	default:
		return "?"
	}
}

func wordText(w diagnose.Word) lang.Text {
	switch w {
	case diagnose.VeryLikely:
		return lang.Text{ZH: "很可能", EN: "very likely"}
	case diagnose.Likely:
		return lang.Text{ZH: "可能", EN: "likely"}
	case diagnose.Unsure:
		return lang.Text{ZH: "不确定", EN: "unsure"}
	default:
		return lang.Text{ZH: "还说不准", EN: "not enough to say"}
	}
}

func partyText(party string) lang.Text {
	switch party {
	case "merchant":
		return lang.Text{ZH: "店里的人", EN: "you in the shop"}
	case "remote":
		return lang.Text{ZH: "系统远程处理", EN: "the system, remotely"}
	case "helpdesk_remote":
		return lang.Text{ZH: "客服", EN: "the help desk"}
	case "acquirer_backoffice":
		return lang.Text{ZH: "收单机构后台", EN: "the acquirer's back office"}
	case "telecom":
		return lang.Text{ZH: "网络运营商", EN: "the network operator"}
	case "field_engineer":
		return lang.Text{ZH: "上门工程师", EN: "a field engineer"}
	case "depot":
		return lang.Text{ZH: "维修中心", EN: "the repair depot"}
	default:
		return lang.Text{ZH: party, EN: party}
	}
}

func sourceText(s finding.Source) lang.Text {
	switch s {
	case finding.Merchant:
		return lang.Text{ZH: "店里说的", EN: "said in the shop"}
	case finding.Probe:
		return lang.Text{ZH: "本机测得", EN: "measured here"}
	case finding.Host:
		return lang.Text{ZH: "收单后台", EN: "the host"}
	case finding.Acquirer:
		return lang.Text{ZH: "收单机构", EN: "the acquirer"}
	case finding.TMS:
		return lang.Text{ZH: "终端管理系统", EN: "terminal management"}
	case finding.Field:
		return lang.Text{ZH: "工程师", EN: "an engineer"}
	case finding.Incident:
		return lang.Text{ZH: "已知的共同故障", EN: "a known incident"}
	default:
		return lang.Text{ZH: "客服", EN: "the help desk"}
	}
}

func hazard(id string) lang.Text {
	if h, ok := pack.FindHazard(id); ok {
		return h.Words
	}
	return lang.Text{ZH: id, EN: id}
}

// ageText says how old something is.
func ageText(d time.Duration, l lang.Lang) string {
	zh := l == lang.ZH
	switch {
	case d < time.Minute:
		return lang.Text{ZH: "刚才", EN: "just now"}.In(l)
	case d < time.Hour:
		return pick(zh, fmt.Sprintf("%.0f分钟前", d.Minutes()), fmt.Sprintf("%.0f min ago", d.Minutes()))
	case d < 48*time.Hour:
		return pick(zh, fmt.Sprintf("%.0f小时前", d.Hours()), fmt.Sprintf("%.0f h ago", d.Hours()))
	}
	return pick(zh, fmt.Sprintf("%.0f天前", d.Hours()/24), fmt.Sprintf("%.0f days ago", d.Hours()/24))
}

func pick(first bool, a, b string) string {
	if first {
		return a
	}
	return b
}

// findingText names a variable and its state in words.
func findingText(p *pack.Pack, variable, state string) lang.Text {
	v, known := p.Variable(variable)
	if !known {
		return lang.Text{ZH: variable + "：" + state, EN: variable + ": " + state}
	}
	words := lang.Text{ZH: state, EN: state}
	for _, s := range v.States {
		if s.ID == state {
			words = s.Words
		}
	}
	return lang.Text{ZH: v.Name.ZH + "：" + words.ZH, EN: v.Name.EN + ": " + words.EN}
}

func variableText(p *pack.Pack, id string) lang.Text {
	if v, known := p.Variable(id); known {
		return v.Name
	}
	return lang.Text{ZH: id, EN: id}
}
