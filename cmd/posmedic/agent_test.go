package main

import (
	"bytes"
	"strings"
	"testing"

	"github.com/posmedic/posmedic/internal/kernel/lang"
)

func TestAgent(t *testing.T) {
	t.Parallel()
	try := func(t *testing.T, args ...string) (int, string) {
		t.Helper()
		var out, errs bytes.Buffer
		code := run(t.Context(), append([]string{"agent"}, args...), &console{In: strings.NewReader(""), Out: &out, Err: &errs, Lang: lang.ZH, Getenv: func(string) string { return "" }})
		return code, errs.String()
	}
	t.Run("without a server it says what is missing", func(t *testing.T) {
		t.Parallel()
		if code, errs := try(t); code != exitUsage || !strings.Contains(errs, "--server") {
			t.Fatalf("%d %s", code, errs)
		}
	})
	t.Run("without an enrolment it says how to get one", func(t *testing.T) {
		t.Parallel()
		if code, errs := try(t, "--server=127.0.0.1:1", "--data="+t.TempDir()); code != exitUsage || !strings.Contains(errs, "接入码") {
			t.Fatalf("%d %s", code, errs)
		}
	})
}
