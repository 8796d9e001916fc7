import HTTPAPI
import HTTPTypes
import MatrixCore
import Testing

@Suite struct ErrorResponseTests {
    private func render(_ error: MatrixError) -> Answer { Answer(response: error.response) }

    @Test func furtherMembersStandBesideTheTwo() {
        let answer = render(MatrixError(.incompatibleRoomVersion, "No", fields: ["room_version": "99"]))
        #expect(answer.status == 400)
        #expect(answer.json == ["errcode": "M_INCOMPATIBLE_ROOM_VERSION", "error": "No", "room_version": "99"])
    }

    @Test func aChallengeAsksForStages() {
        let challenge = InteractiveChallenge(
            flows: [["m.login.dummy"], ["m.login.password", "m.login.email.identity"]], params: ["x": ["y": 1]],
            session: "s")
        let answer = render(challenge.error())
        #expect(answer.status == 401)
        #expect(
            answer.json == [
                "flows": [["stages": ["m.login.dummy"]], ["stages": ["m.login.password", "m.login.email.identity"]]],
                "params": ["x": ["y": 1]], "session": "s",
            ])
    }

    @Test func aFailedStageSaysWhyAndMayBeTriedAgain() {
        let challenge = InteractiveChallenge(flows: [["a", "b"]], session: "s", completed: ["a"])
        let answer = render(challenge.error(after: .forbidden("Wrong password")))
        #expect(answer.status == 401)
        #expect(answer.errcode == "M_FORBIDDEN")
        #expect(answer.json["error"] == "Wrong password")
        #expect(answer.json["completed"] == ["a"])
    }

    @Test func waitsAreRoundedUp() {
        let answer = render(.limitExceeded(retryAfter: .microseconds(1)))
        #expect(answer.json["retry_after_ms"] == 1)
        #expect(answer.response.headers[.retryAfter] == "1")
        #expect(render(.limitExceeded(retryAfter: .seconds(Int64.max))).status == 429)
        #expect(render(.limitExceeded(retryAfter: .seconds(-5))).json["retry_after_ms"] == 0)
    }

    @Test func aStatusThatIsNoErrorIsOurError() {
        #expect(render(MatrixError(.unknown, "x", status: 200)).status == 500)
    }
}
