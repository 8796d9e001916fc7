package import Cluster
package import HTTPAPI
package import MatrixCore
package import Storage
package import Telemetry

/// What the account services are made of.
package struct AccountSetup: Sendable {
    package let serverName: ServerName
    package let registration: RegistrationPolicy
    /// Where clients find us, for the configuration that a login carries; `nil` when it is not known.
    package let publicBaseURL: String?
    package let hasher: PasswordHasher
    package let limiter: any RateLimiter
    package let feed: LogFeed
    package let interning: Interning
    package let stores: AccountStores
    package let telemetry: Telemetry
    package var accountObserver: (any AccountObserver)?
    package var remoteProfiles: (any RemoteProfiles)?
    package var accountDataSources: [String: AccountData.Source] = [:]

    package init(
        serverName: ServerName, registration: RegistrationPolicy, publicBaseURL: String?, hasher: PasswordHasher,
        limiter: any RateLimiter, feed: LogFeed, interning: Interning, stores: AccountStores, telemetry: Telemetry
    ) {
        self.serverName = serverName
        self.registration = registration
        self.publicBaseURL = publicBaseURL
        self.hasher = hasher
        self.limiter = limiter
        self.feed = feed
        self.interning = interning
        self.stores = stores
        self.telemetry = telemetry
    }
}

/// Everything about the accounts of this server, for its endpoints.
package struct AccountServices: Sendable {
    package let names: AccountNames
    package let publicBaseURL: String?
    package let interactive: InteractiveAuthentication
    package let registration: Registration
    package let login: PasswordLogin
    package let devices: DeviceSessions
    package let lifecycle: AccountLifecycle
    package let profiles: Profiles
    package let accountData: AccountData
    package let tags: RoomTags
    package let filters: Filters
    package let sightings: UserSightings

    package init(_ setup: AccountSetup) {
        let (stores, telemetry) = (setup.stores, setup.telemetry.labelled("accounts"))
        names = AccountNames(serverName: setup.serverName)
        publicBaseURL = setup.publicBaseURL
        let passwords = PasswordCheck(
            accounts: stores.accounts, interning: setup.interning, hasher: setup.hasher, limiter: setup.limiter)
        interactive = InteractiveAuthentication(
            sessions: stores.sessions, interning: setup.interning,
            checks: [
                PasswordStage(passwords: passwords, names: names), DummyStage(), RegistrationTokenStage(),
                TermsStage(policies: setup.registration.terms),
            ],
            policies: setup.registration.terms, telemetry: telemetry)
        devices = DeviceSessions(
            devices: stores.devices, interning: setup.interning, feed: setup.feed, telemetry: telemetry)
        registration = Registration(
            policy: setup.registration, names: names, accounts: stores.accounts, interning: setup.interning,
            hasher: setup.hasher, interactive: interactive, devices: devices, telemetry: telemetry)
        login = PasswordLogin(names: names, passwords: passwords, devices: devices)
        lifecycle = AccountLifecycle(
            accounts: stores.accounts, interning: setup.interning, hasher: setup.hasher, names: names, feed: setup.feed,
            telemetry: telemetry, observer: setup.accountObserver)
        profiles = Profiles(
            profiles: stores.profiles, accounts: stores.accounts, interning: setup.interning, names: names,
            feed: setup.feed, clock: telemetry.clock, remote: setup.remoteProfiles)
        accountData = AccountData(
            store: stores.accountData, rooms: stores.rooms, interning: setup.interning, feed: setup.feed,
            telemetry: telemetry, sources: setup.accountDataSources)
        tags = RoomTags(accountData: accountData)
        filters = Filters(store: stores.filters)
        sightings = UserSightings(names: names, stores: stores, interning: setup.interning)
    }

    /// Registration by shared secret.
    package func sharedSecretRegistration(_ secret: String, _ setup: AccountSetup) -> SharedSecretRegistration {
        SharedSecretRegistration(
            secret: secret, registration: registration, accounts: setup.stores.accounts, devices: devices,
            telemetry: setup.telemetry)
    }
}
