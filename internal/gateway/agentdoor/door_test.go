package agentdoor_test

import (
	"crypto/tls"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/coder/websocket"

	"github.com/posmedic/posmedic/internal/gateway/agentdoor"
	"github.com/posmedic/posmedic/internal/gateway/agentdoor/doortest"
	"github.com/posmedic/posmedic/internal/kernel/finding"
	"github.com/posmedic/posmedic/internal/kernel/problem"
	"github.com/posmedic/posmedic/wire"
)

func setup(t *testing.T) *doortest.Open {
	t.Helper()
	t.Parallel()
	return doortest.Start(t, doortest.NewRooms(), agentdoor.Config{})
}

func report(seq uint64) wire.Report { return wire.Report{Boot: "b1", Seq: seq, At: time.Now()} }

func TestKeys(t *testing.T) {
	t.Parallel()
	t.Run("a device without a certificate is not let in", func(t *testing.T) {
		door := setup(t)
		client := http.Client{Transport: &http.Transport{TLSClientConfig: &tls.Config{InsecureSkipVerify: true}}}
		if response, err := client.Get("https://" + door.Address + "/v1/live"); err == nil {
			t.Fatalf("got %s", response.Status)
		}
	})
	t.Run("a key that is not Ed25519 is not let in, and counted", func(t *testing.T) {
		door := setup(t)
		d := deviceWith(t, door, ecdsaKey(t))
		if response, err := d.client.Get("https://" + door.Address + "/v1/live"); err == nil {
			t.Fatalf("got %s", response.Status)
		}
		door.Rooms.Until(t, "the count", func() bool { return door.Counts()[agentdoor.KeyKind] == 1 })
	})
	t.Run("TLS 1.2 is not spoken", func(t *testing.T) {
		door := setup(t)
		d := enrolled(t, door, "t1")
		d.client.Transport.(*http.Transport).TLSClientConfig.MaxVersion = tls.VersionTLS12
		if response, err := d.client.Get("https://" + door.Address + "/v1/live"); err == nil {
			t.Fatalf("got %s", response.Status)
		}
	})
	t.Run("an unknown key is unauthorized", func(t *testing.T) {
		door := setup(t)
		newDevice(t, door).refused("/v1/reports", wire.Batch{Version: 1}, http.StatusUnauthorized, "device.unknown")
	})
	t.Run("a revoked key is forbidden, also on a connection that stands", func(t *testing.T) {
		door := setup(t)
		d := enrolled(t, door, "t1")
		d.report(report(1))
		conn := d.live()
		door.Rooms.Revoke("t1")
		d.refused("/v1/reports", wire.Batch{Version: 1}, http.StatusForbidden, "device.revoked")
		door.Rooms.Order("t1", wire.Command{ID: "c1", Name: "sign_in", Expires: time.Now().Add(time.Hour)})
		if _, raw, err := conn.Read(t.Context()); websocket.CloseStatus(err) != 4003 {
			t.Fatalf("got %s %v", raw, err)
		}
	})
	t.Run("the server's key stays the same from start to start and is readable by its owner only", func(t *testing.T) {
		t.Parallel()
		dir := t.TempDir()
		first, err1 := agentdoor.LoadIdentity(dir)
		second, err2 := agentdoor.LoadIdentity(dir)
		if err := errors.Join(err1, err2); err != nil || first.Fingerprint != second.Fingerprint || len(first.Fingerprint) != 64 {
			t.Fatalf("%q %q %v", first.Fingerprint, second.Fingerprint, err)
		}
		files, err := os.ReadDir(dir)
		if err != nil || len(files) != 1 {
			t.Fatalf("%v %v", files, err)
		}
		if info, err := files[0].Info(); err != nil || info.Mode() != 0o600 {
			t.Fatalf("%v %v", info.Mode(), err)
		}
	})
	t.Run("many processes that create the key at once agree on one", func(t *testing.T) {
		t.Parallel()
		dir := t.TempDir()
		var all sync.WaitGroup
		got := make([]string, 8)
		for i := range got {
			all.Go(func() {
				identity, err := agentdoor.LoadIdentity(dir)
				if err != nil {
					t.Error(err)
				}
				got[i] = identity.Fingerprint
			})
		}
		all.Wait()
		for _, one := range got {
			if one != got[0] {
				t.Fatalf("%q", got)
			}
		}
	})
	t.Run("a damaged key stops the start with a hint", func(t *testing.T) {
		t.Parallel()
		dir := t.TempDir()
		if err := os.WriteFile(filepath.Join(dir, "agent-door.key"), []byte("x"), 0o600); err != nil {
			t.Fatal(err)
		}
		_, err := agentdoor.LoadIdentity(dir)
		if p := problem.Of(err); p.Kind != problem.Config || p.Hint.Empty() {
			t.Fatalf("got %v", err)
		}
	})
}

func TestEnrol(t *testing.T) {
	t.Parallel()
	ask := func(code string) wire.Enrol {
		return wire.Enrol{Version: wire.Version, Code: code, Serial: "N9NL0001", Model: "N910", App: "1.2.3"}
	}
	t.Run("a code binds the key, and the same device may ask again when the answer was lost", func(t *testing.T) {
		door := setup(t)
		door.Rooms.Allow("CODE", "t1", time.Now().Add(time.Hour))
		d := newDevice(t, door)
		for range 2 {
			status, answer := d.post("/v1/enrol", ask("CODE"))
			if e := as[wire.Enrolled](t, answer); status != http.StatusOK || e.Terminal != "t1" {
				t.Fatalf("%d %s", status, answer)
			}
		}
		if got := d.report(report(1)); got.Accepted != 1 {
			t.Fatalf("got %+v", got)
		}
	})
	t.Run("a used code does not bind another key", func(t *testing.T) {
		door := setup(t)
		door.Rooms.Allow("CODE", "t1", time.Now().Add(time.Hour))
		newDevice(t, door).post("/v1/enrol", ask("CODE"))
		thief := newDevice(t, door)
		thief.refused("/v1/enrol", ask("CODE"), http.StatusConflict, "enrol.used")
		thief.refused("/v1/reports", wire.Batch{Version: 1}, http.StatusUnauthorized, "device.unknown")
	})
	t.Run("an expired code binds nothing", func(t *testing.T) {
		door := setup(t)
		door.Rooms.Allow("CODE", "t1", time.Now().Add(-time.Second))
		newDevice(t, door).refused("/v1/enrol", ask("CODE"), http.StatusUnauthorized, "enrol.expired")
	})
	t.Run("guessing codes is throttled, whatever key is used", func(t *testing.T) {
		door := setup(t)
		for range 10 {
			newDevice(t, door).refused("/v1/enrol", ask("GUESS"), http.StatusUnauthorized, "enrol.code")
		}
		door.Rooms.Allow("CODE", "t1", time.Now().Add(time.Hour))
		newDevice(t, door).refused("/v1/enrol", ask("CODE"), http.StatusTooManyRequests, "rate.enrolment")
	})
	t.Run("a card number as serial is refused", func(t *testing.T) {
		door := setup(t)
		e := ask("CODE")
		e.Serial = cardNumber()
		newDevice(t, door).refused("/v1/enrol", e, http.StatusUnprocessableEntity, "enrol.malformed")
	})
}

func TestReports(t *testing.T) {
	t.Parallel()
	t.Run("a batch sent twice is stored once", func(t *testing.T) {
		door := setup(t)
		d := enrolled(t, door, "t1")
		first := d.report(report(1), report(2), report(1))
		second := d.report(report(1), report(2))
		if first.Accepted != 2 || first.Duplicate != 1 || second.Accepted != 0 || second.Duplicate != 2 {
			t.Fatalf("got %+v %+v", first, second)
		}
		if n := len(door.Rooms.Reports("t1")); n != 2 {
			t.Fatalf("stored %d", n)
		}
	})
	t.Run("one malformed report is refused by name and does not hold up the others", func(t *testing.T) {
		door := setup(t)
		d := enrolled(t, door, "t1")
		body := fmt.Sprintf(`{"version":1,"sent_at":%q,"reports":[{"boot":"b1","seq":1,"at":%[1]q},{"boot":"b1","seq":2,"at":"tea time"},{"boot":"b1","seq":3,"at":%[1]q,"readings":[{"name":"x","value":1e999}]}]}`,
			time.Now().Format(time.RFC3339))
		status, answer := d.post("/v1/reports", []byte(body))
		receipt := as[wire.Receipt](t, answer)
		if status != http.StatusOK || receipt.Accepted != 1 || len(receipt.Refused) != 2 || receipt.Refused[0].Seq != 2 || receipt.Refused[0].Code != "report.malformed" {
			t.Fatalf("%d %s", status, answer)
		}
	})
	for name, c := range map[string]struct {
		body   string
		status int
		code   string
	}{
		"nothing is refused":                   {"", 422, "body.malformed"},
		"no JSON is refused":                   {"<xml/>", 422, "body.malformed"},
		"two messages in one are refused":      {`{"version":1}{"version":1}`, 422, "body.malformed"},
		"deep nesting is refused":              {`{"version":1,"reports":` + strings.Repeat("[", 10_000) + strings.Repeat("]", 10_000) + `}`, 422, "body.too_deep"},
		"a huge body is refused":               {`{"version":1,"x":"` + strings.Repeat("x", wire.MaxBatchBytes) + `"}`, 413, "body.too_large"},
		"a version from the future is refused": {`{"version":99}`, 422, "version.unsupported"},
		"too many reports are refused":         {`{"version":1,"reports":[` + strings.Repeat(`{},`, wire.MaxReports) + `{}]}`, 413, "batch.too_many"},
	} {
		t.Run(name, func(t *testing.T) {
			door := setup(t)
			enrolled(t, door, "t1").refused("/v1/reports", []byte(c.body), c.status, c.code)
			if door.Counts()[agentdoor.Code(c.code)] != 1 {
				t.Fatalf("not counted: %v", door.Counts())
			}
		})
	}
	t.Run("fields from the future are tolerated and counted", func(t *testing.T) {
		door := setup(t)
		status, answer := enrolled(t, door, "t1").post("/v1/reports", []byte(`{"version":1,"mood":"fine"}`))
		if status != http.StatusOK || door.Counts()[agentdoor.BodyUnknown] != 1 {
			t.Fatalf("%d %s %v", status, answer, door.Counts())
		}
	})
	t.Run("a store that fails acknowledges nothing and shows nothing of its words", func(t *testing.T) {
		door := setup(t)
		door.Rooms.Before = func(agentdoor.From, wire.Batch) error { return errors.New("disk /secret/path is full") }
		d := enrolled(t, door, "t1")
		status, answer := d.post("/v1/reports", wire.Batch{Version: 1, SentAt: time.Now(), Reports: []wire.Report{report(1)}})
		if status != http.StatusInternalServerError || strings.Contains(string(answer), "secret") {
			t.Fatalf("%d %s", status, answer)
		}
	})
	t.Run("an address that floods is slowed down, whatever keys it uses", func(t *testing.T) {
		t.Parallel()
		door := doortest.Start(t, doortest.NewRooms(), agentdoor.Config{AddressBurst: 2, AddressEvery: time.Hour})
		enrolled(t, door, "t1").report(report(1))
		enrolled(t, door, "t2").report(report(1))
		enrolled(t, door, "t3").refused("/v1/reports", wire.Batch{Version: 1}, http.StatusTooManyRequests, "rate.address")
	})
	t.Run("keys tried out from one address are held back", func(t *testing.T) {
		door := setup(t)
		for range 10 {
			newDevice(t, door).refused("/v1/reports", wire.Batch{Version: 1}, http.StatusUnauthorized, "device.unknown")
		}
		newDevice(t, door).refused("/v1/reports", wire.Batch{Version: 1}, http.StatusTooManyRequests, "rate.enrolment")
		if got := enrolled(t, door, "t1").report(report(1)); got.Accepted != 1 {
			t.Fatalf("a known device behind the same address suffers: %+v", got)
		}
	})
	t.Run("a device that floods is slowed down and told when to come back", func(t *testing.T) {
		t.Parallel()
		door := doortest.Start(t, doortest.NewRooms(), agentdoor.Config{DeviceBurst: 3, DeviceEvery: time.Hour})
		d := enrolled(t, door, "t1")
		for i := range uint64(3) {
			d.report(report(i + 1))
		}
		d.refused("/v1/reports", wire.Batch{Version: 1}, http.StatusTooManyRequests, "rate.device")
		if got := enrolled(t, door, "t2").report(report(1)); got.Accepted != 1 {
			t.Fatalf("another device suffers: %+v", got)
		}
	})
}

func TestLive(t *testing.T) {
	t.Parallel()
	soon := func(id string) wire.Command {
		return wire.Command{ID: id, Name: "restart_app", Expires: time.Now().Add(time.Hour)}
	}
	next := func(t *testing.T, conn *websocket.Conn) wire.Command {
		t.Helper()
		_, raw, err := conn.Read(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		return as[wire.Command](t, raw)
	}
	say := func(t *testing.T, conn *websocket.Conn, p wire.Progress) {
		t.Helper()
		raw, err := json.Marshal(p)
		if err != nil {
			t.Fatal(err)
		}
		if err := conn.Write(t.Context(), websocket.MessageText, raw); err != nil {
			t.Fatal(err)
		}
	}
	t.Run("what waits is pushed at once, what comes later by nudge, and progress comes up", func(t *testing.T) {
		door := setup(t)
		door.Rooms.Order("t1", soon("c1"))
		conn := enrolled(t, door, "t1").live()
		if got := next(t, conn); got.ID != "c1" {
			t.Fatalf("got %+v", got)
		}
		door.Rooms.Order("t1", soon("c2"))
		if got := next(t, conn); got.ID != "c2" {
			t.Fatalf("c1 was sent twice, or c2 not: %+v", got)
		}
		say(t, conn, wire.Progress{ID: "c1", State: "done", At: time.Now(), Text: "ok"})
		door.Rooms.Until(t, "progress", func() bool { _, ok := door.Rooms.Ended("t1", "c1"); return ok })
	})
	t.Run("an expired command is not pushed", func(t *testing.T) {
		door := setup(t)
		door.Rooms.Order("t1", wire.Command{ID: "old", Name: "sign_in", Expires: time.Now().Add(-time.Second)})
		door.Rooms.Order("t1", soon("new"))
		if got := next(t, enrolled(t, door, "t1").live()); got.ID != "new" {
			t.Fatalf("got %+v", got)
		}
	})
	t.Run("a device cannot speak of another terminal's command", func(t *testing.T) {
		door := setup(t)
		door.Rooms.Order("t1", soon("c1"))
		thief := enrolled(t, door, "t2")
		thief.refused("/v1/progress", wire.Progress{ID: "c1", State: "done", At: time.Now()}, http.StatusNotFound, "command.unknown")
		say(t, thief.live(), wire.Progress{ID: "c1", State: "done", At: time.Now()})
		door.Rooms.Until(t, "the second refusal", func() bool { return door.Counts()["command.unknown"] == 2 })
		if got := door.Rooms.Progress("t1"); len(got) != 0 {
			t.Fatalf("got %+v", got)
		}
	})
	t.Run("a device hears nothing of another terminal's commands", func(t *testing.T) {
		door := setup(t)
		door.Rooms.Order("t1", soon("c1"))
		door.Rooms.Order("t2", soon("c2"))
		other := enrolled(t, door, "t2")
		if got := next(t, other.live()); got.ID != "c2" {
			t.Fatalf("got %+v", got)
		}
		if got := other.report(report(1)); len(got.Commands) != 1 || got.Commands[0].ID != "c2" {
			t.Fatalf("got %+v", got.Commands)
		}
	})
	t.Run("a newer connection of the same device replaces the older", func(t *testing.T) {
		door := setup(t)
		d := enrolled(t, door, "t1")
		older := d.live()
		door.Rooms.Until(t, "the line", func() bool { return door.Live() == 1 })
		newer := d.live()
		if _, _, err := older.Read(t.Context()); websocket.CloseStatus(err) != 4001 {
			t.Fatalf("got %v", err)
		}
		door.Rooms.Order("t1", soon("c1"))
		if got := next(t, newer); got.ID != "c1" || door.Live() != 1 {
			t.Fatalf("got %+v, %d live", got, door.Live())
		}
	})
	t.Run("rubbish on the line is counted and does not end it", func(t *testing.T) {
		door := setup(t)
		door.Rooms.Order("t1", soon("c1"))
		conn := enrolled(t, door, "t1").live()
		if err := conn.Write(t.Context(), websocket.MessageText, []byte("{")); err != nil {
			t.Fatal(err)
		}
		say(t, conn, wire.Progress{ID: "c1", State: "dancing"})
		say(t, conn, wire.Progress{ID: "c1", State: "done"})
		door.Rooms.Until(t, "progress", func() bool { _, ok := door.Rooms.Ended("t1", "c1"); return ok })
		if c := door.Counts(); c[agentdoor.BodyShape] != 1 || c[agentdoor.ProgressShape] != 1 {
			t.Fatalf("got %v", c)
		}
	})
	t.Run("a line whose other end no longer answers is dropped", func(t *testing.T) {
		t.Parallel()
		door := doortest.Start(t, doortest.NewRooms(), agentdoor.Config{PingEvery: 10 * time.Millisecond, WriteTimeout: 50 * time.Millisecond})
		enrolled(t, door, "t1").live() // and never reads, so no ping is answered
		door.Rooms.Until(t, "the line", func() bool { return door.Live() == 1 })
		door.Rooms.Until(t, "the drop", func() bool { return door.Live() == 0 })
	})
	t.Run("beyond the most lines a device is asked to come later, and may still report", func(t *testing.T) {
		t.Parallel()
		door := doortest.Start(t, doortest.NewRooms(), agentdoor.Config{MaxLive: 1})
		enrolled(t, door, "t1").live()
		door.Rooms.Until(t, "the line", func() bool { return door.Live() == 1 })
		second := enrolled(t, door, "t2")
		if _, _, err := second.live().Read(t.Context()); websocket.CloseStatus(err) != websocket.StatusTryAgainLater {
			t.Fatalf("got %v", err)
		}
		if got := second.report(report(1)); got.Accepted != 1 {
			t.Fatalf("got %+v", got)
		}
	})
	t.Run("a closing door says goodbye", func(t *testing.T) {
		door := setup(t)
		conn := enrolled(t, door, "t1").live()
		door.Rooms.Until(t, "the line", func() bool { return door.Live() == 1 })
		go door.Close()
		if _, _, err := conn.Read(t.Context()); websocket.CloseStatus(err) != websocket.StatusGoingAway {
			t.Fatalf("got %v", err)
		}
	})
}

// cardNumber is the number every acquirer uses for tests, put together so that it does not stand in this file.
func cardNumber() string { return "4111" + strings.Repeat("1", 12) }

func TestCardData(t *testing.T) {
	t.Parallel()
	t.Run("in whatever text it comes, it does not get in", func(t *testing.T) {
		door := setup(t)
		d := enrolled(t, door, "t1")
		pan := cardNumber()
		r := wire.Report{Boot: "b1", Seq: 1, At: time.Now(),
			Readings: []wire.Reading{{Name: "app_version", Text: "v1 " + pan}, {Name: "r" + pan, Text: "x"}, {Name: "big", Value: 4111111111111111}},
			Findings: []finding.Finding{
				{Variable: "note", State: pan, Source: finding.Probe, Detail: "track2=" + pan + "=30121010000000000000"},
				{Variable: pan, State: "ok"}, {Variable: "note", State: "x", Source: finding.Source(pan)}},
			Host: []wire.HostAnswer{{MTI: "0200", Kind: "sale", Code: "00", RRN: pan}, {MTI: pan, Kind: "sale"}, {MTI: "0200", Kind: pan},
				{MTI: "0200", Kind: "sale", STAN: pan}, {MTI: "0200", Kind: "sale", Code: pan}}}
		receipt := d.report(r, wire.Report{Boot: pan, Seq: 1, At: time.Now()})
		if receipt.Accepted != 1 || len(receipt.Refused) != 1 {
			t.Fatalf("got %+v", receipt)
		}
		door.Rooms.Order("t1", wire.Command{ID: "c1", Name: "fetch_logs", Expires: time.Now().Add(time.Hour)})
		status, answer := d.post("/v1/progress", wire.Progress{ID: "c1", State: "done", At: time.Now(), Text: pan,
			Proof: map[string]string{"card": pan, "p" + pan: "x"}, Logs: "sale with " + pan + " failed",
			Findings: []finding.Finding{{Variable: "note", State: "x", Detail: pan}}})
		if status != http.StatusNoContent {
			t.Fatalf("%d %s", status, answer)
		}
		got, err := json.Marshal([]any{door.Rooms.Reports("t1"), door.Rooms.Progress("t1"), receipt})
		if err != nil || strings.Contains(string(got), pan) || strings.Contains(string(got), "4111111111111111") {
			t.Fatalf("%s %v", got, err)
		}
		if !strings.Contains(string(got), "sale with ") || door.Counts()[agentdoor.TextCard] < 5 {
			t.Fatalf("%s %v", got, door.Counts())
		}
	})
}
