//! Says what of the user's `.claude.json` a desk gets, key by key, each with its reason.
//! What is not named here stays behind: histories, costs, caches, counters of use, and whatever a later Claude adds.
//!
//! Keys, types and uses were read in the binary of Claude Code 2.1.330, unless another source is named.
//!
//! Left out on purpose: `env` and `apiKeyHelper` (can redirect a desk or run a program; they belong into settings.json),
//! `history` and all `last…` (a session's own), `machineID` and `summonSidKey` (each desk makes its own), everything
//! `cached…` (fetched again), consents to spend money (asked again), `officialMarketplaceAutoInstall…` (switched off by
//! the environment).

use super::copy::Shape;
use super::copy::Shape::{Bool, Digest, Identity, KeyTails, Marks, Number, Servers, Text, Texts, True};

/// A key that is kept when its value has this shape, and why it is.
pub(in crate::manager) type Allowed = (&'static str, Shape, &'static str);

/// Keys of the document itself.
pub(in crate::manager) const TOP: [Allowed; 90] = [
    // The wizard. Without the first one Claude asks for a theme and a login, even with a valid login (tried with 2.1.197 and 2.1.330).
    ("hasCompletedOnboarding", True, "else the wizard with theme and login comes up"),
    ("lastOnboardingVersion", Text, "else an older wizard may be offered again"),
    ("lastReleaseNotesSeen", Text, "else the release notes are shown as news, or never"),
    ("numStartups", Number, "what tips and hints for beginners are measured by"),
    ("firstStartTime", Text, "the same"),
    // Migrations rewrite settings.json, which is linked: in a desk they edit the user's file. Tried with 2.1.330: a desk
    // without migrationVersion put `theme`, `editorMode` and `skipDangerousModePermissionPrompt` into it on its first
    // start; with it, the file stayed as it was.
    ("migrationVersion", Number, "else a desk's first start repeats migrations in the user's linked settings.json"),
    ("opusProMigrationComplete", Bool, "a migration that is not repeated"),
    ("hasResetAutoModeOptInForDefaultOffer", Bool, "the same: it takes an opt-in out of settings.json"),
    ("fable51OrgPickMoveDone", Bool, "the same: it replaces the model in settings.json"),
    // Only together they say whether updates are off: `autoUpdates: false` alone would be written into settings.json as
    // DISABLE_AUTOUPDATER for a native installation that merely protects itself.
    ("autoUpdates", Bool, "updates stay off where the user turned them off"),
    ("autoUpdatesProtectedForNative", Bool, "says that the one above is not the user's choice"),
    ("installMethod", Text, "says whether the two above count"),
    // Preferences. The first sixteen live in settings.json now and count here only where they are not there.
    ("theme", Text, "preference"),
    ("editorMode", Text, "preference"),
    ("verbose", Bool, "preference"),
    ("preferredNotifChannel", Text, "preference"),
    ("autoCompactEnabled", Bool, "preference"),
    ("autoScrollEnabled", Bool, "preference"),
    ("fileCheckpointingEnabled", Bool, "preference"),
    ("showTurnDuration", Bool, "preference"),
    ("showMessageTimestamps", Bool, "preference"),
    ("terminalProgressBarEnabled", Bool, "preference"),
    ("todoFeatureEnabled", Bool, "preference"),
    ("teammateMode", Text, "preference"),
    ("remoteControlAtStartup", Bool, "a choice about who may steer: a no must stay a no"),
    ("autoUploadSessions", Bool, "a choice about what leaves the machine: a no must stay a no"),
    ("inputNeededNotifEnabled", Bool, "preference"),
    ("agentPushNotifEnabled", Bool, "preference"),
    ("taskCompleteNotifEnabled", Bool, "preference"),
    ("externalEditorContext", Bool, "preference"),
    ("diffTool", Text, "preference"),
    ("diffSidebarOpen", Bool, "preference"),
    ("showExpandedTodos", Bool, "preference"),
    ("briefTranscript", Bool, "preference"),
    ("messageIdleNotifThresholdMs", Number, "preference"),
    ("autoConnectIde", Bool, "preference"),
    ("autoInstallIdeExtension", Bool, "preference"),
    ("respectGitignore", Bool, "preference"),
    ("copyFullResponse", Bool, "preference"),
    ("copyOnSelect", Bool, "preference"),
    ("leftArrowOpensAgents", Bool, "preference"),
    ("defaultToAgentsView", Bool, "preference"),
    ("prStatusFooterEnabled", Bool, "preference"),
    ("showStatusInTerminalTab", Bool, "preference"),
    ("preferTmuxOverIterm2", Bool, "preference"),
    ("claudeInChromeDefaultEnabled", Bool, "preference"),
    ("lspRecommendationDisabled", Bool, "preference"),
    ("lspRecommendationNeverPlugins", Texts, "preference"),
    // What the terminal was set up for; else it is offered again.
    ("shiftEnterKeyBindingInstalled", Bool, "done"),
    ("optionAsMetaKeyInstalled", Bool, "done"),
    ("iterm2It2SetupComplete", Bool, "done"),
    ("hasUsedBackslashReturn", Bool, "done"),
    ("hasCompletedClaudeInChromeOnboarding", True, "done"),
    ("hasIdeOnboardingBeenShown", Marks, "done, for each kind of terminal"),
    // Questions that the user answered, and warnings that they took note of.
    ("bypassPermissionsModeAccepted", True, "answered; else --dangerously-skip-permissions asks"),
    ("hasAcknowledgedCostThreshold", True, "answered"),
    ("hasSeenAutoModeEntryWarning", True, "seen"),
    ("hasSeenAutoModeOutsideReadPrompt", True, "answered"),
    ("hasSeenAutoDefaultNotice", True, "seen"),
    ("hasSeenAutoDefaultNudge", True, "answered"),
    ("hasSeenUltrareviewTerms", True, "seen"),
    ("hasSeenUltraplanTerms", True, "seen"),
    ("hasSeenAutofixPrChatOpsNotice", True, "seen"),
    ("remoteDialogSeen", True, "answered"),
    ("daemonInstallPromptDismissed", True, "answered"),
    ("chromeInstallUpsellDismissed", True, "answered"),
    ("resumeReturnDismissed", True, "answered: do not ask again"),
    ("transcriptShareDismissed", True, "answered: do not ask again"),
    ("seenSecurityWarnings", Texts, "seen, by their names"),
    ("savedModelSuccessorAnswered", Marks, "answered, for each model"),
    ("newerModelAsks", Marks, "how often it asked, for each model"),
    // Hints and offers that come a number of times.
    ("hasSeenTasksHint", True, "seen"),
    ("hasUsedStash", True, "seen"),
    ("hasUsedBackgroundTask", True, "seen"),
    ("hasOpenedAgentsView", True, "seen"),
    ("tipsHistory", Marks, "when each tip was shown, in starts"),
    ("tipLifetimeShownCounts", Marks, "how often each tip was shown"),
    ("seenNotifications", Marks, "how often each was shown"),
    ("queuedCommandUpHintCount", Number, "how often it was shown"),
    ("subscriptionNoticeCount", Number, "how often it was shown"),
    ("fullscreenUpsellSeenCount", Number, "how often it was shown"),
    ("voiceFooterHintSeenCount", Number, "how often it was shown"),
    ("lspRecommendationIgnoredCount", Number, "how often it was passed over"),
    ("memoryUsageCount", Number, "hints at what is already in use"),
    ("promptQueueUseCount", Number, "the same"),
    ("btwUseCount", Number, "the same"),
    // What makes it the user's own Claude.
    ("mcpServers", Servers, "the user's MCP servers live here and nowhere else"),
    (
        "customApiKeyResponses",
        KeyTails,
        "else a key in the environment is asked about (tried with 2.1.197 and 2.1.330)",
    ),
    // Random, of this installation. Feature flags are drawn by it: with one each, desks would behave differently from
    // each other and from plain Claude, and count as so many machines.
    ("userID", Digest, "feature flags are drawn by it"),
    ("oauthAccount", Identity, "who is logged in, for display; holds no token. Only with a shared login"),
];

/// The key under which Linux keeps a login made with the Console: an API key, which is not renewed, so that a copy stays
/// good. Only with a shared login; without it a desk is not logged in (tried: `claude auth status` in a scratch
/// `CLAUDE_CONFIG_DIR` says loggedIn true with it, false without).
pub(in crate::manager) const SECRET: Allowed = ("primaryApiKey", Text, "the login of a user of the Console");

/// Keys of each project.
pub(in crate::manager) const PROJECT: [Allowed; 13] = [
    ("hasTrustDialogAccepted", True, "the user trusts the folder"),
    ("allowedTools", Texts, "what the user allowed there"),
    ("mcpServers", Servers, "the project's own MCP servers, private to the user"),
    ("mcpContextUris", Texts, "what the user attached"),
    ("enabledMcpjsonServers", Texts, "approved servers of .mcp.json"),
    ("disabledMcpjsonServers", Texts, "rejected servers of .mcp.json"),
    ("enabledMcpServers", Texts, "servers that the user switched on"),
    ("disabledMcpServers", Texts, "servers that the user switched off: they would come back on"),
    ("hasClaudeMdExternalIncludesApproved", True, "answered"),
    ("hasClaudeMdExternalIncludesWarningShown", True, "answered"),
    // 2.1.330 drops these two on its next write; older versions count by them.
    ("hasCompletedProjectOnboarding", True, "seen"),
    ("projectOnboardingSeenCount", Number, "how often it was shown"),
    ("webSetupPushOfferShown", True, "seen"),
];

/// What of all these a user decides inside a desk and would miss afterwards, and what an entry of it is called. All else is
/// Claude's own bookkeeping. Measured with 2.1.330: a start, talk, a tool, /clear and /exit change none of these; `mcp add`
/// and `mcp remove`, the trust question, switching a server off and on in /mcp, the question about an API key and /config
/// do. A tool that is allowed for good, and a server of .mcp.json, are written into the project's own settings and are not
/// lost with a desk. What /config writes into settings.json goes through the link.
pub(in crate::manager) const DECIDED: [(&str, &str); 18] = [
    ("mcpServers", "MCP server"),
    ("customApiKeyResponses", "API key"),
    ("respectGitignore", "setting"),
    ("copyFullResponse", "setting"),
    ("copyOnSelect", "setting"),
    ("defaultToAgentsView", "setting"),
    ("leftArrowOpensAgents", "setting"),
    ("externalEditorContext", "setting"),
    ("prStatusFooterEnabled", "setting"),
    ("showStatusInTerminalTab", "setting"),
    ("diffTool", "setting"),
    ("messageIdleNotifThresholdMs", "setting"),
    ("autoConnectIde", "setting"),
    ("autoInstallIdeExtension", "setting"),
    ("preferTmuxOverIterm2", "setting"),
    ("claudeInChromeDefaultEnabled", "setting"),
    ("lspRecommendationDisabled", "setting"),
    ("lspRecommendationNeverPlugins", "plugin that is never recommended,"),
];

/// The same of a project.
pub(in crate::manager) const DECIDED_IN_PROJECT: [(&str, &str); 9] = [
    ("hasTrustDialogAccepted", "trust"),
    ("hasClaudeMdExternalIncludesApproved", "imports"),
    ("mcpServers", "MCP server"),
    ("allowedTools", "allowed tool"),
    ("mcpContextUris", "attached resource"),
    ("enabledMcpjsonServers", "approved server of .mcp.json"),
    ("disabledMcpjsonServers", "rejected server of .mcp.json"),
    ("enabledMcpServers", "switched-on server"),
    ("disabledMcpServers", "switched-off server"),
];

/// Whether the user decides a key.
pub(in crate::manager) fn is_decided(key: &str, in_project: bool) -> bool {
    noun(key, in_project).is_some()
}

/// What an entry of a key that the user decides is called.
pub(in crate::manager) fn noun(key: &str, in_project: bool) -> Option<&'static str> {
    let table: &[(&str, &'static str)] = if in_project { &DECIDED_IN_PROJECT } else { &DECIDED };
    table.iter().find(|(name, _)| *name == key).map(|(_, noun)| *noun)
}
