import { createHash, createHmac } from 'node:crypto';

/** A signer of its own, by the letter of AWS Signature Version 4, that shares nothing with what it is to test. */
export interface SigningJob {
  readonly accessKeyId: string;
  readonly secret: string;
  /** "20261121T101500Z". */
  readonly time: string;
  readonly region?: string;
  readonly service?: string;
  readonly method?: string;
  readonly target: string;
  /** Those that are signed, by names in lower case; `host` and the time's header are among them. */
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
}

/** The Authorization header of a request. */
export function sign(job: SigningJob): string {
  const { accessKeyId, secret, time, region = 'us-east-1', service = 'sagemaker', method = 'POST' } = job;
  const names = Object.keys(job.headers).sort();
  const [path = '', query = ''] = job.target.split('?');
  const canonical = [
    method,
    path,
    query,
    ...names.map((name) => `${name}:${(job.headers[name] ?? '').trim().replaceAll(/ +/g, ' ')}`),
    '',
    names.join(';'),
    hex(job.body),
  ].join('\n');
  const scope = [time.slice(0, 8), region, service, 'aws4_request'];
  const text = ['AWS4-HMAC-SHA256', time, scope.join('/'), hex(canonical)].join('\n');
  const key = scope.reduce<Buffer>(hmac, Buffer.from(`AWS4${secret}`));
  const credential = [accessKeyId, ...scope].join('/');
  const signature = hmac(key, text).toString('hex');
  return `AWS4-HMAC-SHA256 Credential=${credential}, SignedHeaders=${names.join(';')}, Signature=${signature}`;
}

/** SHA-256 in hexadecimal digits. */
export function hex(text: string): string {
  return createHash('sha256').update(text).digest('hex');
}

function hmac(key: Buffer, text: string): Buffer {
  return createHmac('sha256', key).update(text).digest();
}
