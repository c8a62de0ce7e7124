# The provider, or with "--target demo-app" the app that tries a sign-in: one static binary each and nothing else.
FROM golang:1.26 AS build
WORKDIR /src
COPY go.mod go.sum ./
RUN go mod download
COPY . .
RUN CGO_ENABLED=0 go build -tags nomsgpack -trimpath -ldflags '-s -w' -o /out/ ./cmd/postern ./cmd/demo-rp
# What a base image would bring: certificates to trust, time zones, a folder for temporary files, and one for the data.
RUN mkdir -p /rootfs/etc/ssl/certs /rootfs/usr/share \
 && cp /etc/ssl/certs/ca-certificates.crt /rootfs/etc/ssl/certs/ \
 && cp /usr/local/go/lib/time/zoneinfo.zip /rootfs/usr/share/ \
 && mkdir -m 1777 /rootfs/tmp \
 && mkdir -m 700 /postern-data

FROM scratch AS base
COPY --from=build /rootfs /
ENV PATH=/usr/local/bin ZONEINFO=/usr/share/zoneinfo.zip
USER 65532:65532

FROM base AS demo-app
COPY --from=build /out/demo-rp /usr/local/bin/
ENV DEMO_RP_LISTEN=:4281
EXPOSE 4281
ENTRYPOINT ["/usr/local/bin/demo-rp"]

FROM base AS postern
COPY --from=build --chown=65532:65532 /postern-data /postern-data
COPY --from=build /out/postern /usr/local/bin/
# Who reaches the container is decided where its port is published; the listener of the operators stays inside.
ENV POSTERN_LISTEN=:4280
EXPOSE 4280
VOLUME /postern-data
HEALTHCHECK --interval=10s --timeout=5s --start-period=30s --retries=3 CMD ["/usr/local/bin/postern", "healthcheck"]
ENTRYPOINT ["/usr/local/bin/postern"]
CMD ["serve"]
