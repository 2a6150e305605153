package sim

import (
	"context"
	"time"
)

// handovers are what each party does when a whole case is handed to it: it looks for what lies within its competence and
// puts that right. What lies elsewhere it leaves as it is, and says that it is done all the same.
func handovers() map[string]act {
	return map[string]act{
		"handover.merchant": {
			does: func(w *world, t *Terminal) {
				plugIn(w, t)
				loadPaper(w, t)
				cleanReader(w, t)
				if t.link != Cellular && (t.shop.hung || t.shop.dnsBroken) {
					restartRouter(w, t)
				}
			},
			takes: 3 * time.Minute, ready: powerBack, says: "店里处理了 / the shop has seen to it",
		},
		"handover.helpdesk_remote": {
			does: func(w *world, t *Terminal) {
				if t.path(w.now()) != pathOpen {
					return // nobody gets at it from afar
				}
				setClock(w, t)
				if t.params.address != "" {
					withdraw(w, t)
				}
				if w.now().After(t.certificate.Leaf.NotAfter) {
					newCertificate(w, t)
				}
				if t.hung {
					t.restartApp(w.now())
				}
			},
			takes: 3 * time.Minute, then: signInAgain, says: "客服远程处理了 / the help desk has seen to it",
		},
		"handover.acquirer_backoffice": {
			does: func(w *world, t *Terminal) {
				register(w, t)
				reopen(w, t)
			},
			takes: 3 * time.Minute, then: signInAgain, says: "后台核实并处理了 / the back office has seen to it",
			ready: func(w *world, t *Terminal) bool { return hostBack(w, t) && powerBack(w, t) },
		},
		"handover.telecom":        {does: addData, takes: 3 * time.Minute, says: "运营商处理了 / the carrier has seen to it"},
		"handover.field_engineer": {does: onSite, takes: 5 * time.Minute, ready: powerBack, then: afterVisit, says: "工程师到场处理了 / the engineer has seen to it"},
		"handover.depot":          {takes: 4 * time.Minute, then: replaceTerminal, says: "换了一台新机 / a new unit stands there"},
	}
}

func signInAgain(ctx context.Context, _ *Estate, t *Terminal) error { return t.signIn(ctx) }

func replaceTerminal(ctx context.Context, e *Estate, t *Terminal) error { return e.replaceNow(ctx, t) }

// onSite is everything an engineer mends with what is in the van, short of another terminal.
func onSite(w *world, t *Terminal) {
	mendNetwork(w, t)
	plugIn(w, t)
	loadPaper(w, t)
	cleanReader(w, t)
	setClock(w, t)
	if t.hung {
		t.restartApp(w.now())
	}
}

// afterVisit swaps what cannot be mended on the counter, and otherwise signs in.
func afterVisit(ctx context.Context, e *Estate, t *Terminal) error {
	e.world.mu.Lock()
	beyond := t.tampered || !t.loaded || t.reader == readerDead || e.world.now().After(t.certificate.Leaf.NotAfter)
	e.world.mu.Unlock()
	if beyond {
		return e.replaceNow(ctx, t)
	}
	return t.signIn(ctx)
}
