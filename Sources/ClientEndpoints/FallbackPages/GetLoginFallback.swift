package import Accounts
package import HTTPAPI

/// A page that logs somebody in, for clients that know no way to log in that this server has.
///
/// - Spec: https://spec.matrix.org/v1.19/client-server-api/#login-fallback
package enum GetLoginFallback: Endpoint {
    package static let route = Route(
        "getLoginFallback", .get, "/_matrix/static/client/login/", "/_matrix/static/client/login", rateLimit: .requests)

    package static func handle(
        _ request: EmptyRequest, from caller: Anyone, with services: AccountServices
    ) async throws -> HTMLPage {
        HTMLPage(
            title: "Log in",
            content: """
                <noscript><p class="problem">This page needs JavaScript.</p></noscript>
                <p id="problem" class="problem" role="alert" hidden></p>
                <p id="done" role="status" hidden>You are logged in. You can go back to your app.</p>
                <form id="login" method="post">
                <label for="user">User name</label>
                <input type="text" id="user" autocomplete="username" autocapitalize="none" spellcheck="false" required autofocus>
                <label for="password">Password</label>
                <input type="password" id="password" autocomplete="current-password" required>
                <button type="submit" id="submit">Log in</button>
                </form>
                """,
            script: script, mayAsk: true)
    }

    /// Asks by the API and hands its answer to the client. What the address says may accompany the request; secrets may not.
    private static let script = EmbeddedText(
        """
        (function () {
            "use strict";
            window.matrixLogin = window.matrixLogin || {};
            var loginURL = "/_matrix/client/v3/login";
            var form = document.getElementById("login");
            var button = document.getElementById("submit");
            var problem = document.getElementById("problem");

            function show(message) {
                problem.textContent = message;
                problem.hidden = !message;
                button.disabled = false;
            }

            function request() {
                var body = {
                    type: "m.login.password",
                    identifier: { type: "m.id.user", user: document.getElementById("user").value.trim() },
                    password: document.getElementById("password").value
                };
                var parameters = new URLSearchParams(window.location.search);
                ["device_id", "initial_device_display_name"].forEach(function (name) {
                    if (parameters.has(name)) { body[name] = parameters.get(name); }
                });
                if (parameters.has("refresh_token")) { body.refresh_token = parameters.get("refresh_token") === "true"; }
                return body;
            }

            function send(method, body) {
                return fetch(loginURL, {
                    method: method, credentials: "omit", cache: "no-store",
                    headers: body ? { "Content-Type": "application/json" } : {}, body: body && JSON.stringify(body)
                }).then(function (answer) {
                    return answer.json().then(function (json) {
                        if (!answer.ok) { throw new Error(json.error || "The server refused"); }
                        return json;
                    });
                });
            }

            form.addEventListener("submit", function (event) {
                event.preventDefault();
                show("");
                button.disabled = true;
                send("POST", request()).then(function (response) {
                    form.hidden = true;
                    document.getElementById("password").value = "";
                    document.getElementById("done").hidden = false;
                    if (typeof window.matrixLogin.onLogin === "function") { window.matrixLogin.onLogin(response); }
                }).catch(function (error) { show(error.message || "The server cannot be reached"); });
            });

            send("GET").then(function (answer) {
                var known = answer.flows.some(function (flow) { return flow.type === "m.login.password"; });
                if (!known) { show("This server has no login by password"); }
            }).catch(function (error) { show(error.message || "The server cannot be reached"); });
        })();
        """)
}
