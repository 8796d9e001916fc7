package import Federation
package import HTTPAPI

/// What the endpoints by which servers get their users into and out of rooms work with.
package struct FederatedMembershipServices: Sendable {
    package let resident: ResidentRooms
    package let invites: IncomingInvites
    package let thirdParty: ThirdPartyInvites

    package init(resident: ResidentRooms, invites: IncomingInvites, thirdParty: ThirdPartyInvites) {
        self.resident = resident
        self.invites = invites
        self.thirdParty = thirdParty
    }
}

/// How servers get their users into and out of rooms, and invite ours.
package enum FederatedMembershipEndpoints {
    package static let all: [any Endpoint<FederatedMembershipServices>.Type] = [
        MakeJoin.self, MakeKnock.self, MakeLeave.self, SendInviteV1.self, SendInviteV2.self, SendJoinV1.self,
        SendJoinV2.self, SendKnock.self, SendLeaveV1.self, SendLeaveV2.self,
        ExchangeThirdPartyInvite.self, OnBindThirdPartyIdentifier.self, OnBindThirdPartyIdentifierByPost.self,
    ]
}
