"""What a client of the Matrix Rust SDK can be told about encryption; a part of `Person` in `rust_sdk_client.py`."""

import matrix_sdk_python as sdk


class Screen:
    """What a phone shows of a verification: each thing that the SDK reports, in order, and what came with it."""

    def __init__(self):
        self.seen = []
        self.request = None
        self.emoji = []

    def did_receive_verification_request(self, details):
        self.request = details
        self.seen.append("request")

    def did_accept_verification_request(self):
        self.seen.append("accepted")

    def did_start_sas_verification(self):
        self.seen.append("started")

    def did_receive_verification_data(self, data):
        self.emoji = [emoji.symbol() for emoji in data.emojis] if data.is_EMOJIS() else []
        self.seen.append("emoji")

    def did_fail(self):
        self.seen.append("failed")

    def did_cancel(self):
        self.seen.append("cancelled")

    def did_finish(self):
        self.seen.append("finished")


class Progress:
    """Somebody has to listen while recovery is set up."""

    def on_update(self, status):
        pass


def encrypting(builder):
    """A client that makes the user's identity at their first login, and uses a backup that there is."""
    return builder.auto_enable_cross_signing(True).auto_enable_backups(True)


class Encryption:
    """Commands about keys. Needs `self.client`."""

    async def prepare_encryption(self):
        """Waits until keys are uploaded and the user's identity is made, and begins to listen for verifications."""
        await self.client.encryption().wait_for_e2ee_initialization_tasks()
        self.screen = Screen()
        self.verification = await self.client.get_session_verification_controller()
        self.verification.set_delegate(self.screen)

    async def encryption_states(self):
        encryption = self.client.encryption()
        return {
            "verification": encryption.verification_state().name,
            "recovery": encryption.recovery_state().name,
            "backup": encryption.backup_state().name,
        }

    async def fingerprint(self):
        return await self.client.encryption().ed25519_key()

    async def identity(self, user):
        """What this phone knows of a user's identity, or `None`."""
        found = await self.client.encryption().user_identity(user, True)
        return found and {"master_key": found.master_key(), "verified": found.is_verified()}

    # -- verification

    async def ask_to_verify_device(self):
        await self.verification.request_device_verification()

    async def cancel_verification(self):
        await self.verification.cancel_verification()

    async def accept_verification(self):
        request = self.screen.request
        await self.verification.acknowledge_verification_request(request.sender_profile.user_id, request.flow_id)
        await self.verification.accept_verification_request()

    async def start_emoji(self):
        await self.verification.start_sas_verification()

    async def emoji_match(self):
        await self.verification.approve_verification()

    async def screen_shows(self):
        return {"seen": self.screen.seen, "emoji": self.screen.emoji}

    # -- backup and recovery

    async def enable_recovery(self):
        """Backs keys up. Returns the key that recovers them."""
        return await self.client.encryption().enable_recovery(True, None, Progress())

    async def recover(self, key):
        await self.client.encryption().recover(key)

    async def wait_for_backup(self):
        await self.client.encryption().wait_for_backup_upload_steady_state(None)

    async def backup_exists(self):
        return await self.client.encryption().backup_exists_on_server()

    async def reset_identity(self, password):
        """Begins anew, with the password where the server asks for it."""
        handle = await self.client.encryption().reset_identity()
        if handle:
            user = self.client.user_id()
            details = sdk.AuthDataPasswordDetails(identifier=user, password=password)
            await handle.reset(sdk.AuthData.PASSWORD(details))
