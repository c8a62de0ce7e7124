package main

import (
	"net/http"
	"runtime"
	"strconv"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
	"github.com/prometheus/client_golang/prometheus/promhttp"

	"github.com/postern-id/postern/login/mail"
)

// metrics returns what /metrics shows: the audit log's counters, the duration of requests, mail, the connection pool, the process and the
// build.
type metrics struct {
	registry *prometheus.Registry
	requests *prometheus.HistogramVec
}

func newMetrics(s *services, courier *mail.Courier) *metrics {
	m := &metrics{
		registry: prometheus.NewRegistry(),
		requests: prometheus.NewHistogramVec(prometheus.HistogramOpts{
			Name: "postern_http_request_seconds", Help: "Time to answer a request.",
			Buckets: []float64{.001, .0025, .005, .01, .025, .05, .1, .25, .5, 1, 2.5, 5, 15},
		}, []string{"route", "method", "status"}),
	}
	build := prometheus.NewGauge(prometheus.GaugeOpts{
		Name: "postern_build_info", Help: "Always 1; the version is in the labels.",
		ConstLabels: prometheus.Labels{"version": version(), "go": runtime.Version()},
	})
	build.Set(1)
	m.registry.MustRegister(m.requests, build, s.audit, collectors.NewGoCollector(),
		collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}),
		gauge("postern_database_connections_open", "Open connections to the database.", func() int { return s.store.Stats().OpenConnections }),
		gauge("postern_database_connections_in_use", "Connections in use.", func() int { return s.store.Stats().InUse }))
	if courier != nil {
		m.registry.MustRegister(
			mailCounter("postern_mail_sent_total", "Messages that the mail server has taken from this replica.",
				func() int64 { return courier.Counts().Sent }),
			mailCounter("postern_mail_failed_attempts_total", "Attempts of this replica to hand over a message that are repeated.",
				func() int64 { return courier.Counts().Failed }),
			mailCounter("postern_mail_given_up_total", "Messages that this replica has given up: refused for good, too old, or with an expired link.",
				func() int64 { return courier.Counts().GivenUp }),
			gauge("postern_mail_waiting", "Messages in the outbox, the same for all replicas.", func() int { return int(courier.Counts().Waiting) }))
	}
	return m
}

func mailCounter(name, help string, read func() int64) prometheus.Collector {
	return prometheus.NewCounterFunc(prometheus.CounterOpts{Name: name, Help: help}, func() float64 { return float64(read()) })
}

func gauge(name, help string, read func() int) prometheus.Collector {
	return prometheus.NewGaugeFunc(prometheus.GaugeOpts{Name: name, Help: help}, func() float64 { return float64(read()) })
}

func (m *metrics) request(route, method string, status int, took time.Duration) {
	m.requests.WithLabelValues(route, method, strconv.Itoa(status)).Observe(took.Seconds())
}

func (m *metrics) handler() http.Handler {
	return promhttp.HandlerFor(m.registry, promhttp.HandlerOpts{})
}
