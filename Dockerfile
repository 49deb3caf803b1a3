# One static binary on nothing: no shell, no package manager, no root.
FROM node:22-bookworm-slim AS web
RUN npm install --global npm@11
WORKDIR /src/web
COPY web/package.json web/package-lock.json web/.npmrc ./
RUN npm ci --no-audit --no-fund
WORKDIR /src
COPY docs/openapi.json docs/
COPY internal/catalogue internal/catalogue
COPY web web
RUN npm run --prefix web build

FROM golang:1.26.8-bookworm AS build
WORKDIR /src
COPY go.mod go.sum ./
RUN go mod download
COPY . .
COPY --from=web /src/web/dist web/dist
ARG VERSION=unknown
RUN CGO_ENABLED=0 go build -trimpath -ldflags "-s -w -X main.version=${VERSION}" -o /out/foyer ./cmd/foyer
# What the agent writes to, owned by the user it runs as: a new volume takes
# over the owner of the directory it is mounted on.
RUN install -d -m 0700 -o 65532 -g 65532 /out/data

FROM scratch
# Roots for outgoing TLS, and time zones, which sites are in.
COPY --from=build /etc/ssl/certs/ca-certificates.crt /etc/ssl/certs/ca-certificates.crt
COPY --from=build /usr/local/go/lib/time/zoneinfo.zip /usr/local/go/lib/time/zoneinfo.zip
ENV ZONEINFO=/usr/local/go/lib/time/zoneinfo.zip
COPY --from=build /out/foyer /foyer
COPY --from=build --chown=65532:65532 /out/data /var/lib/foyer
USER 65532:65532
ENTRYPOINT ["/foyer"]
CMD ["version"]
