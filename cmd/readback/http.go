package main

import (
	"context"
	"errors"
	"net"
	"net/http"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/promhttp"
)

// Limits of the HTTP listener. What takes a body bounds it.
const (
	headerPatience = 5 * time.Second
	headerBytes    = 16 << 10
	writePatience  = 30 * time.Second
	idlePatience   = 2 * time.Minute
	readyPatience  = 2 * time.Second
)

// readiness says why calls should go elsewhere; nil is ready.
type readiness func(ctx context.Context) error

// httpHandler serves the pages for machines: is it alive, is it ready and in what way, what does it count; and those for customers, if any.
func httpHandler(ready readiness, text func(word string) string, registry *prometheus.Registry, surveys http.Handler) http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /healthz", func(w http.ResponseWriter, _ *http.Request) { plain(w, http.StatusOK, text("ok")) })
	mux.HandleFunc("GET /readyz", func(w http.ResponseWriter, r *http.Request) {
		ctx, cancel := context.WithTimeout(r.Context(), readyPatience)
		defer cancel()
		if err := ready(ctx); err != nil {
			plain(w, http.StatusServiceUnavailable, err.Error())
			return
		}
		plain(w, http.StatusOK, text("ready"))
	})
	mux.Handle("GET /metrics", promhttp.HandlerFor(registry, promhttp.HandlerOpts{}))
	if surveys != nil {
		mux.Handle("/survey/", surveys)
	}
	return mux
}

func plain(w http.ResponseWriter, status int, text string) {
	w.Header().Set("Content-Type", "text/plain; charset=utf-8")
	w.Header().Set("X-Content-Type-Options", "nosniff")
	w.WriteHeader(status)
	_, _ = w.Write([]byte(text + "\n"))
}

// serveHTTP serves until ctx ends, then lets what runs finish.
func serveHTTP(ctx context.Context, listener net.Listener, handler http.Handler) error {
	server := &http.Server{
		Handler: handler, ReadHeaderTimeout: headerPatience, MaxHeaderBytes: headerBytes, WriteTimeout: writePatience, IdleTimeout: idlePatience,
	}
	stopped := make(chan error, 1)
	stop := context.AfterFunc(ctx, func() {
		last, cancel := context.WithTimeout(context.WithoutCancel(ctx), readyPatience)
		defer cancel()
		stopped <- server.Shutdown(last)
	})
	err := server.Serve(listener)
	if stop() || !errors.Is(err, http.ErrServerClosed) {
		return err
	}
	return <-stopped
}
