package import Postgres

/// Every statement that there is, for the test that prepares them all.
package enum AllStatements {
    package static let list: [Statement] =
        AccountStatements.all + AccountDataStatements.all + AuthSessionStatements.all + DelayedEventStatements.all
        + DeviceStatements.all + DeviceKeyStatements.all + DeviceMessageStatements.all + OutgoingEDUStatements.all
        + DestinationStatements.all + DeviceListStatements.all + RemoteDeviceStatements.all
        + OwnDeviceStatements.all + DirectoryStatements.all + EventStatements.all + FilterStatements.all
        + GuestStatements.all
        + InboundEventStatements.all + KeyBackupStatements.all + LeaseStatements.all + LogStatements.all
        + ManyRoomsStatements.all + ArrivalStatements.all
        + MediaStatements.all + MembershipStatements.all + MigrationStatements.all + NameStatements.all
        + ProfileStatements.all
        + PushStatements.all + ReceiptStatements.all + ReportStatements.all
        + RelationStatements.all + RoomStatements.all + ServerKeyStatements.all
        + SearchStatements.all + SlidingStateStatements.all + ThreadSubscriptionStatements.all
        + StickyEventStatements.all + NotificationStatements.all + OpenIDStatements.all + UnreadStatements.all
        + UserDirectoryStatements.all + WaitingRedactionStatements.all
}
