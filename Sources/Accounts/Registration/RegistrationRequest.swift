package import MatrixCore

/// Who may register.
package struct RegistrationPolicy: Sendable {
    package let isOpen: Bool
    /// A registration token is asked for, and then registration is possible even if it is not open to everybody.
    package let requiresToken: Bool
    package let allowsGuests: Bool
    /// What new users have to accept; guests do not.
    package let terms: [PolicyDocument]

    package init(
        isOpen: Bool, requiresToken: Bool = false, allowsGuests: Bool = false, terms: [PolicyDocument] = []
    ) {
        self.isOpen = isOpen
        self.requiresToken = requiresToken
        self.allowsGuests = allowsGuests
        self.terms = terms
    }

    var allowsUsers: Bool { isOpen || requiresToken }

    var flows: [AuthFlow] {
        var stages: [AuthStage] = []
        if requiresToken { stages.append(.registrationToken) }
        if !terms.isEmpty { stages.append(.terms) }
        // There is no operation without a stage.
        return [AuthFlow(stages.isEmpty ? [.dummy] : stages)]
    }
}

/// What somebody asks for who registers. Clients may say it all only with the first request.
package struct RegistrationRequest: Sendable {
    package var username: String?
    package var password: String?
    package var deviceID: String?
    package var displayName: String?
    package var inhibitsLogin: Bool?
    package var wantsRefreshToken: Bool?
    package var auth: AuthSubmission?
    package var address: String
    /// Of the guest who becomes a user by this.
    package var guestAccessToken: String?

    package init(
        username: String?, password: String?, deviceID: String?, displayName: String?, inhibitsLogin: Bool?,
        wantsRefreshToken: Bool?, auth: AuthSubmission?, address: String
    ) {
        self.username = username
        self.password = password
        self.deviceID = deviceID
        self.displayName = displayName
        self.inhibitsLogin = inhibitsLogin
        self.wantsRefreshToken = wantsRefreshToken
        self.auth = auth
        self.address = address
    }

    /// What a session remembers: everything but the password, and a guest's token.
    var remembered: [UInt8] {
        JSONWriter.write { json in
            json.object { json in
                json.field(optional: "username", username)
                json.field(optional: "device_id", deviceID)
                json.field(optional: "initial_device_display_name", displayName)
                json.field(optional: "inhibit_login", inhibitsLogin)
                json.field(optional: "refresh_token", wantsRefreshToken)
            }
        }
    }

    /// The request, completed with what the session remembers.
    func completed(with parameters: [UInt8]?) -> RegistrationRequest {
        guard let parameters, let document = try? JSONDocument(parsing: parameters) else { return self }
        var request = self
        request.username = username ?? document["username"]?.string
        request.deviceID = deviceID ?? document["device_id"]?.string
        request.displayName = displayName ?? document["initial_device_display_name"]?.string
        request.inhibitsLogin = inhibitsLogin ?? document["inhibit_login"]?.bool
        request.wantsRefreshToken = wantsRefreshToken ?? document["refresh_token"]?.bool
        return request
    }

    func device() throws(MatrixError) -> DeviceRequest {
        try DeviceRequest(
            deviceID: deviceID, displayName: displayName, wantsRefreshToken: wantsRefreshToken ?? false,
            address: address)
    }
}

/// An account that was registered.
package struct RegisteredAccount: Sendable {
    package let userID: UserID
    /// `nil` when no login was wanted.
    package let session: IssuedSession?
}
