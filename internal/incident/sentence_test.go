package incident

import (
	"testing"
	"time"
)

func TestSentence(t *testing.T) {
	t.Parallel()
	noon := time.Date(2026, 3, 2, 12, 0, 0, 0, time.Local)
	version := Incident{
		Attribute: AppVersion, Value: "3.2.1", Also: []Pair{{Model, "A920"}}, Symptom: SignIn, OpenedAt: noon.Add(3 * time.Hour),
		Push:    PushOf{Attribute: AppVersion, Value: "3.2.1", At: noon.Add(2*time.Hour + 2*time.Minute)},
		Failing: 38, Total: 100, Others: 1, OthersOf: 400, Peak: 40,
	}
	host := Incident{Attribute: Host, Value: "h1", Symptom: NoAnswer, OpenedAt: noon, BeganAt: noon.Add(-time.Minute), Failing: 19, Total: 20, OthersOf: 40, Others: 10}
	ended := host
	ended.EndedAt, ended.Peak = noon.Add(time.Hour), 20
	older := Incident{Attribute: Everybody, Symptom: Silent, OpenedAt: noon, Push: PushOf{Attribute: Params, Value: "p7", At: noon.AddDate(0, 0, -1)}, Failing: 5, Total: 5}
	for name, c := range map[string]struct {
		incident Incident
		zh, en   string
	}{
		"a version on a model after a push": {version,
			"应用版本 3.2.1、机型 A920，自 14:02 下发起：100 台中有 38%不能签到，其他正常。这是共同原因，不是单台机器的问题。",
			"app version 3.2.1, model A920, since the push of 14:02: 38 % of 100 terminals cannot sign in, others normal. One shared cause, not a fault of single terminals."},
		"a host": {host,
			"收单主机 h1，自 11:59 起：20 台中有 95%不能收款（主机没有应答），其他 40 台中也有 25%。这是共同原因，不是单台机器的问题。",
			"payment host h1, since 11:59: 95 % of 20 terminals cannot take money (no answer from the host), and 25 % of the other 40. One shared cause, not a fault of single terminals."},
		"a host that is back": {ended,
			"收单主机 h1，自 11:59 起：曾有 20 台不能收款（主机没有应答），已经过去。这是共同原因，不是单台机器的问题。",
			"payment host h1, since 11:59: 20 terminals could not take money (no answer from the host); it has passed. One shared cause, not a fault of single terminals."},
		"everybody since yesterday": {older,
			"全部终端，自 03-01 12:00 下发参数集 p7 起：5 台中有 100%失去联系。这是共同原因，不是单台机器的问题。",
			"all terminals, since parameter set p7 was pushed at 03-01 12:00: 100 % of 5 terminals are silent. One shared cause, not a fault of single terminals."},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			got := c.incident.Sentence()
			if got.ZH != c.zh || got.EN != c.en {
				t.Errorf("got\n%s\n%s", got.ZH, got.EN)
			}
		})
	}
}

func TestPercentIsNeverAllOrNothingWhenItIsNot(t *testing.T) {
	t.Parallel()
	for want, c := range map[string][2]int{"1": {1, 1000}, "99": {999, 1000}, "100": {7, 7}, "0": {0, 7}, "38": {3, 8}} {
		if got := percent(c[0], c[1]); got != want {
			t.Errorf("%d of %d: %s, want %s", c[0], c[1], got, want)
		}
	}
}

func TestALeafHasRoomForEveryAttribute(t *testing.T) {
	t.Parallel()
	if len(kinds()) > mostAttributes || len(brought()) != 4 {
		t.Errorf("%d attributes, %d of them brought to terminals", len(kinds()), len(brought()))
	}
}
