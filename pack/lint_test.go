package pack_test

import (
	"slices"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/posmedic/posmedic/internal/kernel/lang"
	"github.com/posmedic/posmedic/pack"
)

func about(warnings []pack.Warning, kind pack.WarningKind) []string {
	var out []string
	for _, w := range warnings {
		if w.Kind == kind {
			out = append(out, strings.Join(w.About, " "))
		}
	}
	return out
}

func TestLint(t *testing.T) {
	t.Parallel()
	files := good(t)
	files["faults/odd.yaml"] = &fstest.MapFile{Data: []byte(`
defaults: {experience: 10, source: authors}
faults:
  - {id: a_never, group: power, name: {zh: 从不, en: never}, means: {zh: 无。, en: None.}, rate: 0, who: merchant, minutes: 1, shows: {adapter_light: {"off": 1}}}
  - {id: a_silent, group: power, name: {zh: 无声, en: silent}, means: {zh: 无。, en: None.}, rate: 1, who: merchant, minutes: 1, hazards: [do_not_open]}
  - {id: a_twin, group: power, name: {zh: 双, en: twin}, means: {zh: 无。, en: None.}, rate: 1, who: merchant, minutes: 1, shows: {main_symptom: {will_not_start: 0.8}, adapter_light: {"off": 0.9}, other_devices_online: {"yes": 0.9}}}
  - {id: b_same, group: power, name: {zh: 同, en: same}, means: {zh: 无。, en: None.}, rate: 1, who: merchant, minutes: 1, shows: {main_symptom: {print_problem: 0.8}}}
  - {id: c_same, group: power, name: {zh: 同, en: same}, means: {zh: 无。, en: None.}, rate: 1, who: merchant, minutes: 1, shows: {main_symptom: {print_problem: 0.8}}}
`)}
	files["findings/odd.yaml"] = &fstest.MapFile{Data: []byte(`
findings:
  - {id: moon, group: environment, type: state, name: {zh: 月亮, en: moon}, ask: [merchant], states: [{id: full, zh: 满, en: full}, {id: blue, zh: 蓝, en: blue}], leak: {full: 1}}
`)}
	files["codes/odd.yaml"] = &fstest.MapFile{Data: []byte(`
codes:
  - {set: iso, code: "91", means: {zh: 停, en: down}, who: nobody, points_to: {net_dns: 0.7}, source: authors}
  - {set: iso, code: "96", means: {zh: 停, en: down}, who: nobody, points_to: {net_dns: 0.6}, source: authors}
`)}
	warnings := pack.Lint(load(t, files))
	tests := map[string]struct {
		kind pack.WarningKind
		want []string
	}{
		"faults that can never be the answer":         {pack.Unreachable, []string{"a_never", "a_silent"}},
		"variables that nothing uses or can supply":   {pack.Unused, []string{"app_restart_helps", "moon", "response_code_set", "screen_text"}},
		"states that cannot be":                       {pack.Impossible, []string{"moon blue"}},
		"codes that sum to more than one":             {pack.Overlap, []string{"iso net_dns"}},
		"hazards that no step breaks":                 {pack.Unguarded, []string{"do_not_open"}},
		"twins with what separates them, if anything": {pack.Twins, []string{"a_twin pow_adapter main_symptom", "b_same c_same"}},
		"faults that can only be handed over":         {pack.NoCure, []string{"a_never", "a_silent", "a_twin", "b_same", "c_same", "sec_tamper"}},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if got := about(warnings, tt.kind); !slices.Equal(got, tt.want) {
				t.Errorf("%s: %q, want %q", tt.kind, got, tt.want)
			}
		})
	}
	for _, w := range warnings {
		if w.Text.ZH == "" || w.Text.EN == "" {
			t.Errorf("%v is not said in both languages", w)
		}
	}
}

func TestExplain(t *testing.T) {
	t.Parallel()
	p := load(t, good(t))
	tests := map[string]struct {
		fault string
		lang  lang.Lang
		want  []string
	}{
		"English says who repairs it and what never to do": {"sec_tamper", lang.EN, []string{"tamper protection set off (sec_tamper)",
			"1.5 stops per 1,000", "who repairs it: the repair depot", "never: do not restart the terminal", "tamper alert 93%", "PED TAMPERED", "handover.depot"}},
		"Chinese says how it shows and what to do": {"net_dns", lang.ZH, []string{"域名解析故障 (net_dns)", "没有网络 60%", "只在这种情况下才会有：联网方式 = 网线、无线", "重启路由器。"}},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			got := pack.Explain(p, tt.fault, tt.lang)
			for _, want := range tt.want {
				if !strings.Contains(got, want) {
					t.Errorf("%q is not in\n%s", want, got)
				}
			}
		})
	}
	t.Run("an unknown fault has nothing to say", func(t *testing.T) {
		t.Parallel()
		if got := pack.Explain(p, "x", lang.EN); got != "" {
			t.Errorf("got %q", got)
		}
	})
}
