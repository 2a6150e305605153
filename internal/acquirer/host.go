package acquirer

import (
	"context"
	"errors"
	"fmt"
	"net"
	"sync"
	"syscall"
	"time"
)

// ErrSilence makes Serve swallow the request: nothing is sent and the connection stays open, as with a host that hangs.
var ErrSilence = errors.New("acquirer: no answer")

// Handler answers one request. The answer usually starts as Reply(request, …). ErrSilence sends nothing; any other
// error closes the connection. It is called from many goroutines.
type Handler func(ctx context.Context, request *Message) (*Message, error)

// Limits bound what one listener accepts.
type Limits struct {
	Connections int           // zero: 1024; more wait in the listener's queue
	Idle        time.Duration // a connection is closed when no request came for so long; zero: 60 s
}

// Serve is the host's side: it accepts connections and answers their requests, several on one connection if they come,
// until ctx ends or the listener breaks. It returns when every connection is closed. Frames that are no messages close
// the connection they came on and nothing else.
func Serve(ctx context.Context, listener net.Listener, handle Handler, limits Limits) error {
	if limits.Connections == 0 {
		limits.Connections = 1024
	}
	if limits.Idle == 0 {
		limits.Idle = time.Minute
	}
	var open sync.WaitGroup
	defer open.Wait()
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	defer context.AfterFunc(ctx, func() { _ = listener.Close() })() // ends Accept; its error is seen there
	room := make(chan struct{}, limits.Connections)
	for {
		select {
		case room <- struct{}{}:
		case <-ctx.Done():
			return nil
		}
		conn, err := listener.Accept()
		if err != nil {
			<-room
			if ctx.Err() != nil {
				return nil
			}
			if !passing(err) {
				return fmt.Errorf("acquirer: accept: %w", err)
			}
			rest(ctx)
			continue
		}
		open.Go(func() {
			defer func() { <-room }()
			converse(ctx, conn, handle, limits.Idle)
		})
	}
}

// passing reports errors of Accept that go by: a terminal gave up while it was queueing, or for the moment this process
// may open no more files.
func passing(err error) bool {
	return errors.Is(err, syscall.ECONNABORTED) || errors.Is(err, syscall.EMFILE) || errors.Is(err, syscall.ENFILE)
}

// rest waits a moment for files to be closed.
func rest(ctx context.Context) {
	select {
	case <-time.After(50 * time.Millisecond):
	case <-ctx.Done():
	}
}

// converse answers the requests of one connection until either side ends it.
func converse(ctx context.Context, conn net.Conn, handle Handler, idle time.Duration) {
	defer conn.Close()
	defer context.AfterFunc(ctx, func() { _ = conn.SetDeadline(time.Unix(1, 0)) })() // wakes a blocked read
	for ctx.Err() == nil {
		// ctx is looked at again, because this may just have overwritten the deadline that was to wake us.
		if err := conn.SetDeadline(time.Now().Add(idle)); err != nil || ctx.Err() != nil {
			return
		}
		frame, err := ReadFrame(conn, MaxFrame)
		if err != nil {
			return
		}
		request, err := Unpack(frame)
		if err != nil {
			return
		}
		answer, err := handle(ctx, request)
		if errors.Is(err, ErrSilence) {
			continue
		}
		if err != nil || answer == nil {
			return
		}
		out, err := answer.Pack()
		if err != nil || WriteFrame(conn, out) != nil {
			return
		}
	}
}

// Reply makes the answer to a request: the fields that a host gives back, its own time and the response code.
// A handler adds the rest, such as FieldRRN and FieldAuthorisation.
func Reply(request *Message, code string, at time.Time) *Message {
	m := &Message{TPDU: request.TPDU.back(), Header: request.Header, MTI: answerMTI(request.MTI)}
	for _, field := range []int{FieldProcessing, FieldAmount, FieldSTAN, FieldCondition, FieldTID, FieldMID, FieldCurrency, FieldPrivate60} {
		m.Set(field, request.Get(field))
	}
	m.Set(FieldTime, at.Format("150405"))
	m.Set(FieldDate, at.Format("0102"))
	m.Set(FieldCode, code)
	return m
}
