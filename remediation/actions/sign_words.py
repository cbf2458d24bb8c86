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
    "RSS Feeds|RSS Subscriptions|RSS|RSS-Feeds|RSS-Abonnements|RSS-feeds|Flux RSS|Fuentes RSS|Suscripciones de RSS",
    "Feed RSS|Feeds RSS|Kanały informacyjne RSS|Źródła RSS|RSS-flöden|RSS-flod|RSS-kilder|RSS-mater|RSS-syötteet",
    "Informační kanály RSS|Informačné kanály RSS|RSS-csatornák|Fluxuri RSS|RSS Akışları|RSS-каналы|RSS-канали",
    "Τροφοδοσίες RSS|Τροφοδοσίες δεδομένων RSS|RSS フィード|RSS 源|RSS 摘要|RSS 피드|הזנות RSS|موجزات RSS",
    "Conversation History|Aufgezeichnete Unterhaltungen|Unterhaltungsverlauf|Historique des conversations",
    "Historial de conversaciones|Cronologia conversazioni|Histórico de Conversas|Histórico de Conversações",
    "Gespreksgeschiedenis|Konversationshistorik|Samtalehistorikk|Samtalehistorik|Samtaleoversigt|Keskusteluhistoria",
    "Historia konwersacji|Historie konverzací|História konverzácií|Beszélgetések előzményei|Istoric conversații",
    "Konuşma Geçmişi|История бесед|Журнал розмов|Ιστορικό συνομιλιών|会話の履歴|对话历史记录|交談記錄|대화 내용",
    "היסטוריית שיחות|محفوظات المحادثة",
    "Sync Issues|Synchronisierungsprobleme|Problèmes de synchronisation|Problemas de sincronización|Problemi di sincronizzazione",
    "Problemas de Sincronização|Synchronisatieproblemen|Problemy z synchronizacją|Synkroniseringsproblem|Synkroniseringsproblemer",
    "Conflicts|Local Failures|Server Failures|Recoverable Items|Deletions|Purges|Calendar Logging",
)  # fmt: skip

# Honest people use these too: a sign only beside another one.
SIDE_FOLDERS = _words(
    "Archive|Archiv|Archives|Archivo|Archivio|Arquivo|Arquivo Morto|Archief|Arkiv|Arkisto|Archiwum|Archív|Archívum|Arşiv",
    "Архив|Архів|Αρχειοθήκη|アーカイブ|存档|封存|보관|ארכיון|الأرشيف",
    "Junk Email|Junk E-Mail|Junk E-mail|Junk|Junk-E-Mail|Spam|Courrier indésirable|Correo no deseado|Posta indesiderata",
    "Lixo Eletrônico|Lixo Eletrónico|Ongewenste e-mail|Skräppost|Søppelpost|Uønsket mail|Uønsket e-mail|Roskaposti",
    "Wiadomości-śmieci|Nevyžádaná pošta|Nevyžiadaná pošta|Levélszemét|E-mail nedorit|Önemsiz E-posta|Нежелательная почта",
    "Небажана пошта|Ανεπιθύμητη αλληλογραφία|迷惑メール|垃圾邮件|垃圾郵件|정크 메일|דואר זבל|البريد الإلكتروني غير الهام",
    "Deleted Items|Deleted|Trash|Bin|Gelöschte Elemente|Gelöschte Objekte|Éléments supprimés|Elementos eliminados|Posta eliminata",
    "Itens Excluídos|Itens Eliminados|Verwijderde items|Borttaget|Slettede elementer|Slettet post|Poistetut",
    "Elementy usunięte|Odstraněná pošta|Odstránené položky|Törölt elemek|Elemente șterse|Silinmiş Öğeler|Удаленные",
    "Видалені|Διαγραμμένα|削除済みアイテム|已删除邮件|刪除的郵件|지운 편지함|פריטים שנמחקו|العناصر المحذوفة",
    "Notes|Notizen|Notas|Note|Notities|Anteckningar|Notater|Noter|Muistilaput|Notatki|Poznámky|Jegyzetek|Notlar|Заметки",
    "Journal|Tasks|Outbox|Clutter|Snoozed|Drafts|Ablage",
)  # fmt: skip

# What an attacker wants to see first, or wants nobody to see. Matched at the beginning of a word.
MONEY_WORDS = _words(
    "invoice|payment|paid|bank|iban|swift|wire transfer|remittance|payroll|salary|statement|purchase order|money|billing",
    "rechnung|zahlung|uberweisung|konto|facture|paiement|virement|factura|pago|transferencia|fattura|pagamento|bonifico",
    "fatura|pagamento|factuur|betaling|faktura|betalning|laskutus|lasku|platnosc|przelew|odeme|счет|оплата|платеж",
)  # fmt: skip
ALARM_WORDS = _words(
    "password|passwort|mot de passe|contrasena|wachtwoord|haslo|пароль|phish|hacked|hack|spam|scam|fraud|compromised",
    "virus|malware|suspicious|unusual sign in|security alert|mfa|verification code|helpdesk|it support|betrug|gehackt",
    "piratage|pirate|estafa|truffa|fake|do not open|did you send",
)  # fmt: skip

# Honest programs that takeovers use again and again, and outright malicious ones, by the name they consent under.
# Names as published by the responders of huntresslabs/rogueapps (MIT) and in Microsoft's advisories.
ROGUE_APPS = _words(
    "eM Client|PerfectData Software|Newsletter Software Supermailer|SuperMailer|CloudSponge|rclone|SigParser|Spike",
    "Mail_Backup|MailBackup|Fastmail|ZoomInfo Communitiez Login|ZoomInfo Login|Edison Mail|Spark Email|Postbox|BlueMail",
    "Email Extractor|iCloud Mail Sync|Shifty|Upgrade|Outlook Reply|Adobe Drive|Adobe Acrobat OAuth|DocuSign Reader",
)  # fmt: skip
MICROSOFT_NAMES = ("microsoft", "office 365", "office365", "o365", "outlook", "sharepoint", "onedrive", "exchange online")


def words_within(sought: frozenset[str], texts: tuple[str, ...]) -> list[str]:
    """Return those of `texts` that hold one of the sought words, as they were written."""
    return [text for text in texts if any(f" {word}" in f" {plain(text)}" for word in sought)]
