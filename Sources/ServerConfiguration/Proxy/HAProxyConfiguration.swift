/// The configuration of HAProxy in front of the workers of a configuration file.
///
/// What it does beyond spreading requests: a worker that is killed is not noticed, since a connection that fails goes to
/// another worker, and so does a request that got no answer, when doing it twice is the same as doing it once.
package struct HAProxyConfiguration: Sendable {
    package let text: String

    /// Idle connections and long polls; a client that wants to wait longer asks again.
    private static let serverTimeoutSeconds = 330
    private static let clientTimeoutSeconds = 60

    /// - Throws: what the file lacks for a proxy; all of it.
    package init(_ configuration: ServerConfiguration, file: String) throws(ConfigurationMistakes) {
        var mistakes = Self.missingRoles(configuration)
        mistakes += configuration.listeners.compactMap(\.tls).filter { !$0.isFoundByHAProxy }.map { tls in
            Mistake(
                line: 0, key: "listeners",
                message: """
                    HAProxy looks for the key beside the certificate: name them X.crt and X.key (now \
                    \(tls.certificatePath) and \(tls.keyPath))
                    """)
        }
        guard mistakes.isEmpty else { throw ConfigurationMistakes(file: file, mistakes: mistakes) }
        let needsTLS = configuration.listeners.contains { $0.tls != nil }
        let sections =
            [Self.preamble(needsTLS: needsTLS)]
            + configuration.listeners.enumerated().map { Self.frontend($1, number: $0 + 1, configuration) }
            + Backend.allCases.filter { !$0.workers(in: configuration).isEmpty }.map { $0.text(configuration) }
        text = sections.joined(separator: "\n")
    }

    /// What listeners promise and no worker does.
    private static func missingRoles(_ configuration: ServerConfiguration) -> [Mistake] {
        Backend.allCases
            .filter { backend in
                configuration.proxiedAPIs.contains(backend.api) && backend.workers(in: configuration).isEmpty
            }
            .map { backend in
                Mistake(
                    line: 0, key: "workers",
                    message:
                        "there is no worker with the role \(backend.role.rawValue), and a listener serves \(backend.api.rawValue)"
                )
            }
    }

    private static func preamble(needsTLS: Bool) -> String {
        """
        # Made by `apus proxy-config` from the workers and listeners of the configuration file.
        # The number of connections follows from the limit of open files (ulimit -n).
        global
            log stderr format raw local0 notice
        \(needsTLS ? "    ssl-default-bind-options ssl-min-ver TLSv1.2\n    ssl-load-extra-del-ext\n" : "")
        defaults
            mode http
            log global
            option dontlog-normal
            option httplog
            option http-keep-alive
            timeout connect 2s
            timeout queue 30s
            timeout http-request 30s
            timeout http-keep-alive 75s
            timeout client \(clientTimeoutSeconds)s
            # Long polls: a sync waits as long as its client asks for.
            timeout server \(serverTimeoutSeconds)s
            # A worker that has gone is not noticed: connections that fail go to another one.
            retries 3
            option redispatch 1
            retry-on conn-failure empty-response
            option httpchk
            http-check send meth GET uri /ready ver HTTP/1.1 hdr Host localhost
            http-check expect status 200
            default-server check inter 1s fastinter 200ms downinter 500ms fall 2 rise 1

        """
    }

    private static func frontend(
        _ listener: ServerConfiguration.Listener, number: Int, _ configuration: ServerConfiguration
    ) -> String {
        let apis = listener.serves.intersection(configuration.proxiedAPIs)
        let tls = listener.tls.map { " ssl crt \(quoted($0.certificatePath)) alpn h2,http/1.1" } ?? ""
        var lines = [
            "frontend listener_\(number)", "    bind \(listener.address)\(tls)",
            "    # Only this proxy says who the client is: what came from outside is replaced.",
            "    http-request set-header X-Forwarded-For %[src]",
            "    http-request set-header X-Forwarded-Proto \(tls.isEmpty ? "http" : "https")",
            "    # What may not be done twice is not sent twice. PUT carries transaction ids.",
            "    http-request disable-l7-retry unless METH_GET || { method HEAD PUT DELETE OPTIONS }",
            "    # A room's requests meet its warm cache, and its writers no races; all others go by the user, out of a token",
            "    # like apus_<user>_<random>.",
            "    acl is_about_room path,field(5,/) rooms",
            "    http-request set-var(txn.about) path,field(6,/),url_dec if is_about_room",
            "    http-request set-var(txn.about) req.hdr(authorization),field(2,_) if !is_about_room { req.hdr(authorization) -m found }",
            "    http-request set-var(txn.about) urlp(access_token),field(2,_) if !is_about_room !{ req.hdr(authorization) -m found }",
        ]
        // The order counts: media has paths below those of the others, and the client API has all that is left.
        let special = [Backend.media, .federation]
        lines += special.map { "    acl is_\($0.rawValue) path_beg \($0.paths.joined(separator: " "))" }
        lines.append("    acl is_probe path /health /ready")
        // HAProxy refuses before it routes, whatever the order of the lines.
        lines += special.filter { !apis.contains($0.api) }.map { "    \(refusal) if is_\($0.rawValue)" }
        if !apis.contains(.client) { lines.append("    \(refusal) unless is_media or is_federation or is_probe") }
        let routes = special.filter { apis.contains($0.api) }
        lines += routes.map { "    use_backend \($0.rawValue) if is_\($0.rawValue)" }
        if let rest = apis.contains(.client) ? Backend.client : routes.last {
            lines.append("    default_backend \(rest.rawValue)")
        }
        return lines.joined(separator: "\n") + "\n"
    }

    private static let refusal =
        #"http-request return status 404 content-type application/json string '{"errcode":"M_UNRECOGNIZED","error":"Unrecognized request"}'"#

    /// A word of HAProxy's configuration, where quotes, blanks and dollars have no meaning.
    private static func quoted(_ text: String) -> String {
        "'\(text.replacing("'", with: #"'"'"'"#))'"
    }
}

extension ServerConfiguration {
    /// What the listeners serve and the rest of the file allows.
    fileprivate var proxiedAPIs: Set<Listener.API> {
        let served = listeners.reduce(into: Set<Listener.API>()) { $0.formUnion($1.serves) }
        return federation.isEnabled ? served : served.subtracting([.federation])
    }
}

extension ServerConfiguration.Listener.TLS {
    /// HAProxy 2 takes one path and finds the key by its name.
    fileprivate var isFoundByHAProxy: Bool {
        let base = certificatePath.hasSuffix(".crt") ? String(certificatePath.dropLast(4)) : certificatePath
        return keyPath == certificatePath || keyPath == "\(base).key"
    }
}
