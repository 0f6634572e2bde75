import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { rootCertificates } from 'node:tls';
import type { Transporter } from 'nodemailer';
import { HubError } from 'novacron/plugin';
import type { Channel, Notification } from '../port.ts';
import type { EmailConfig } from './config.ts';
import { mailContent } from './mail-content.ts';

const CONNECT_MS = 10_000;
const SOCKET_MS = 20_000;

/** The same telling has the same Message-ID: a server that got it twice, since its answer was lost, can tell. */
const mailId = (text: string): string => `<${createHash('sha256').update(text).digest('hex').slice(0, 32)}@novacron>`;

/** The library is loaded with the first mail: a hub without a mail server never needs its memory. */
async function transportOf({ host, port, tls, caFile, user, password }: EmailConfig): Promise<Transporter> {
  const { createTransport } = await import('nodemailer');
  return createTransport({
    host,
    port,
    secure: tls === 'implicit',
    requireTLS: tls === 'starttls',
    ignoreTLS: tls === 'none',
    ...(user !== undefined && password !== undefined && { auth: { user, pass: password.reveal() } }),
    ...(caFile !== undefined && { tls: { ca: [...rootCertificates, readFileSync(caFile, 'utf8')] } }),
    connectionTimeout: CONNECT_MS,
    greetingTimeout: CONNECT_MS,
    socketTimeout: SOCKET_MS,
    // What is mailed comes from data only.
    disableFileAccess: true,
    disableUrlAccess: true,
  });
}

interface SmtpError extends Error {
  readonly code?: string;
  readonly responseCode?: number;
}

/** 5xx about the mail or its receiver is for good; 4xx, a server that is away, and a password that may be mended are not. */
function untold(cause: SmtpError, to: string): HubError {
  const { responseCode = 0, code = '' } = cause;
  const isForGood = (responseCode >= 500 && code !== 'EAUTH') || code === 'EENVELOPE';
  return new HubError('email_untold', `The mail server did not take the mail to ${to}: ${cause.message}`, {
    status: 502,
    retryable: !isForGood || (responseCode >= 400 && responseCode < 500),
    cause,
  });
}

const attachments = ({ picture }: Notification) =>
  picture
    ? [{ cid: 'picture', filename: 'chart.png', contentType: picture.mediaType, content: Buffer.from(picture.base64, 'base64') }]
    : [];

/** Mails of one incident make one thread, in which every telling is a mail of its own: what was sent cannot be changed. */
export function createEmail(config: EmailConfig): Channel {
  return {
    name: 'email',
    edits: false,
    async deliver(notification, signal) {
      const { id, key, to } = notification;
      const transport = await transportOf(config);
      const close = (): void => transport.close();
      signal.addEventListener('abort', close, { once: true });
      try {
        const { subject, text, html } = mailContent(notification);
        const thread = mailId(key);
        const sent = await transport.sendMail({
          from: config.from,
          to,
          subject,
          text,
          html,
          messageId: mailId(id),
          inReplyTo: thread,
          references: [thread],
          headers: { 'auto-submitted': 'auto-generated' },
          attachments: attachments(notification),
        });
        return { receipt: `${String(sent.response).slice(0, 150)} ${mailId(id)}` };
      } catch (error) {
        throw untold(error as SmtpError, to);
      } finally {
        signal.removeEventListener('abort', close);
        transport.close();
      }
    },
  };
}
