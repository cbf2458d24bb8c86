"""The words by which signs are told: folders nobody reads, in the languages of Outlook; what attackers filter for.

All in the form of `plain`: lower case, without accents, letters and digits only.
"""

import re
import unicodedata

_NOT_A_WORD = re.compile(r"[\W_]+")


def plain(text: str) -> str:
    """Return text in the form in which words are compared: lower case, no accents, single spaces between words."""
    decomposed = unicodedata.normalize("NFKD", text[:500].casefold())
    bare = "".join(char for char in decomposed if not unicodedata.combining(char))
    return _NOT_A_WORD.sub(" ", bare).strip()


def _words(*lines: str) -> frozenset[str]:
    return frozenset(plain(name) for line in lines for name in line.split("|"))


# Mail there is as good as lost to its reader: no rule of an honest person moves mail to them.
UNREAD_FOLDERS = _words(
    "RSS Feeds|RSS Subscriptions|RSS|RSS-Feeds|RSS-Abonnements|RSS-feeds|Flux RSS|Fuentes RSS",
    "Suscripciones de RSS|Feed RSS|Feeds RSS|Kanały informacyjne RSS|Źródła RSS|RSS-flöden|RSS-flod",
    "RSS-kilder|RSS-mater|RSS-syötteet|Informační kanály RSS|Informačné kanály RSS|RSS-csatornák|Fluxuri RSS",
    "RSS Akışları|RSS-каналы|RSS-канали|Τροφοδοσίες RSS|Τροφοδοσίες δεδομένων RSS|RSS フィード|RSS 源|RSS 摘要",  # noqa: RUF001 - Turkish
    "RSS 피드|הזנות RSS|موجزات RSS|Conversation History|Aufgezeichnete Unterhaltungen|Unterhaltungsverlauf",
    "Historique des conversations|Historial de conversaciones|Cronologia conversazioni|Histórico de Conversas",
    "Histórico de Conversações|Gespreksgeschiedenis|Konversationshistorik|Samtalehistorikk|Samtalehistorik",
    "Samtaleoversigt|Keskusteluhistoria|Historia konwersacji|Historie konverzací|História konverzácií",
    "Beszélgetések előzményei|Istoric conversații|Konuşma Geçmişi|История бесед|Журнал розмов",
    "Ιστορικό συνομιλιών|会話の履歴|对话历史记录|交談記錄|대화 내용|היסטוריית שיחות|محفوظات المحادثة|Sync Issues",
    "Synchronisierungsprobleme|Problèmes de synchronisation|Problemas de sincronización",
    "Problemi di sincronizzazione|Problemas de Sincronização|Synchronisatieproblemen",
    "Problemy z synchronizacją|Synkroniseringsproblem|Synkroniseringsproblemer|Conflicts|Local Failures",
    "Server Failures|Recoverable Items|Deletions|Purges|Calendar Logging",
)

# Honest people use these too: a sign only beside another one.
SIDE_FOLDERS = _words(
    "Archive|Archiv|Archives|Archivo|Archivio|Arquivo|Arquivo Morto|Archief|Arkiv|Arkisto|Archiwum|Archív",
    "Archívum|Arşiv|Архив|Архів|Αρχειοθήκη|アーカイブ|存档|封存|보관|ארכיון|الأرشيف|Junk Email|Junk E-Mail|Junk E-mail",
    "Junk|Junk-E-Mail|Spam|Courrier indésirable|Correo no deseado|Posta indesiderata|Lixo Eletrônico",
    "Lixo Eletrónico|Ongewenste e-mail|Skräppost|Søppelpost|Uønsket mail|Uønsket e-mail|Roskaposti",
    "Wiadomości-śmieci|Nevyžádaná pošta|Nevyžiadaná pošta|Levélszemét|E-mail nedorit|Önemsiz E-posta",
    "Нежелательная почта|Небажана пошта|Ανεπιθύμητη αλληλογραφία|迷惑メール|垃圾邮件|垃圾郵件|정크 메일|דואר זבל",
    "البريد الإلكتروني غير الهام|Deleted Items|Deleted|Trash|Bin|Gelöschte Elemente|Gelöschte Objekte",
    "Éléments supprimés|Elementos eliminados|Posta eliminata|Itens Excluídos|Itens Eliminados",
    "Verwijderde items|Borttaget|Slettede elementer|Slettet post|Poistetut|Elementy usunięte|Odstraněná pošta",
    "Odstránené položky|Törölt elemek|Elemente șterse|Silinmiş Öğeler|Удаленные|Видалені|Διαγραμμένα|削除済みアイテム",
    "已删除邮件|刪除的郵件|지운 편지함|פריטים שנמחקו|العناصر المحذوفة|Notes|Notizen|Notas|Note|Notities",
    "Anteckningar|Notater|Noter|Muistilaput|Notatki|Poznámky|Jegyzetek|Notlar|Заметки|Journal|Tasks|Outbox|Clutter|Snoozed",
    "Drafts|Ablage",
)

# What an attacker wants to see first, or wants nobody to see. Matched at the beginning of a word.
MONEY_WORDS = _words(
    "invoice|payment|paid|bank|iban|swift|wire transfer|remittance|payroll|salary|statement|purchase order",
    "money|billing|rechnung|zahlung|uberweisung|konto|facture|paiement|virement|factura|pago|transferencia",
    "fattura|pagamento|bonifico|fatura|factuur|betaling|faktura|betalning|laskutus|lasku|platnosc|przelew",
    "odeme|счет|оплата|платеж",
)
ALARM_WORDS = _words(
    "password|passwort|mot de passe|contrasena|wachtwoord|haslo|пароль|phish|hacked|hack|spam|scam|fraud",
    "compromised|virus|malware|suspicious|unusual sign in|security alert|mfa|verification code|helpdesk",
    "it support|betrug|gehackt|piratage|pirate|estafa|truffa|fake|do not open|did you send",
)

# Programs that takeovers use again and again, honest in themselves or not: appId -> the name they consent under.
# Identifiers from https://github.com/huntresslabs/rogueapps (data/rogueapps.toml, MIT).
ROGUE_APPS = {
    "e9a7fea1-1cc0-4cd9-a31b-9137ca5deedd": "eM Client",
    "ff8d92dc-3d82-41d6-bcbd-b9174d163620": "PerfectData Software",
    "2ef68ccc-8a4d-42ff-ae88-2d7bb89ad139": "Mail_Backup",
    "a245e8c0-b53c-4b67-9b45-751d1dff8e6b": "Newsletter Software Supermailer",
    "b15665d9-eda6-4092-8539-0eec376afd59": "rclone",
    "a43e5392-f48b-46a4-a0f1-098b5eeb4757": "CloudSponge",
    "caffae8c-0882-4c81-9a27-d1803af53a40": "SigParser",
}
ROGUE_NAMES = frozenset(plain(name) for name in ROGUE_APPS.values())
MICROSOFT_NAMES = ("microsoft", "office 365", "office365", "o365", "outlook", "sharepoint", "onedrive")


def words_within(sought: frozenset[str], texts: tuple[str, ...]) -> list[str]:
    """Return those of `texts` that hold one of the sought words, as they were written."""
    return [text for text in texts if any(f" {word}" in f" {plain(text)}" for word in sought)]
