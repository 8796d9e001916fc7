package import Accounts
package import HTTPAPI

/// The endpoints about accounts, and what is stored with them.
package enum AccountEndpoints {
    package static let all: [any Endpoint<AccountServices>.Type] = [
        GetLoginFlows.self, Login.self, Refresh.self, Logout.self, LogoutAll.self, GetTokenOwner.self,
        Register.self, CheckUsernameAvailability.self, RegistrationTokenValidity.self, ChangePassword.self,
        DeactivateAccount.self,
        GetAuthFallback.self, SubmitAuthFallback.self, GetLoginFallback.self,
        GetDevices.self, GetDevice.self, UpdateDevice.self, DeleteDevice.self, DeleteDevices.self,
        GetUserProfile.self, GetProfileField.self, SetProfileField.self, DeleteProfileField.self,
        GetAccountData.self, SetAccountData.self, DeleteAccountData.self,
        GetAccountDataPerRoom.self, SetAccountDataPerRoom.self, DeleteAccountDataPerRoom.self,
        GetRoomTags.self, SetRoomTag.self, DeleteRoomTag.self,
        DefineFilter.self, GetFilter.self,
        GetAdminLockUser.self, SetAdminLockUser.self, GetAdminSuspendUser.self, SetAdminSuspendUser.self,
        GetWhoIs.self,
    ]
}
