const BYTE = '(25[0-5]|2[0-4][0-9]|1[0-9]{2}|[1-9]?[0-9])';
const IPV4 = `${BYTE}\\.${BYTE}\\.${BYTE}\\.${BYTE}`;
const LEAP = '([0-9]{2}(0[48]|[2468][048]|[13579][26])|([02468][048]|[13579][26])00)';
const DATE = `([0-9]{4}-((0[13578]|1[02])-(0[1-9]|[12][0-9]|3[01])|(0[469]|11)-(0[1-9]|[12][0-9]|30)|02-(0[1-9]|1[0-9]|2[0-8]))|${LEAP}-02-29)`;
const CLOCK = '([01][0-9]|2[0-3]):[0-5][0-9]:[0-5][0-9](\\.[0-9]{1,9})?';
const ZONE = '(Z|[+-]([01][0-9]|2[0-3]):[0-5][0-9])';
const LABEL = '[a-z0-9]+(-+[a-z0-9]+)*';
/** Of a host's name, which has at most 63 characters; elsewhere nothing counts them. */
const SHORT_LABEL = '[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?';
const LOCAL = '[A-Za-z0-9_+-]+';
const HEX = '[0-9a-fA-F]{1,4}';
/** Both numbers behind the letters: a leading zero is allowed, as in RFC 3339. */
const COUNT = '[0-9]{1,6}';

/**
 * Formats as patterns that match the whole text. What they match is of the format; they leave out what is unusual:
 * leap seconds, hosts of more than three labels, addresses with several dots, IPv6 that ends as IPv4 does.
 */
export const FORMATS: Readonly<Record<string, string>> = {
  date: DATE,
  time: `${CLOCK}${ZONE}`,
  'date-time': `${DATE}T${CLOCK}${ZONE}`,
  duration: `P(${COUNT}W|(${COUNT}Y(${COUNT}M)?(${COUNT}D)?|${COUNT}M(${COUNT}D)?|${COUNT}D)(T(${COUNT}H(${COUNT}M)?(${COUNT}S)?|${COUNT}M(${COUNT}S)?|${COUNT}S))?|T(${COUNT}H(${COUNT}M)?(${COUNT}S)?|${COUNT}M(${COUNT}S)?|${COUNT}S))`,
  uuid: '[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}',
  email: `${LOCAL}(\\.${LOCAL})?@${LABEL}(\\.${LABEL}){1,2}`,
  hostname: `${SHORT_LABEL}(\\.${SHORT_LABEL}){0,2}`,
  ipv4: IPV4,
  ipv6: ipv6(),
  uri: `https?://${LABEL}(\\.${LABEL}){0,2}(:[1-9][0-9]{0,3})?(/[A-Za-z0-9._~-]*)*(\\?[A-Za-z0-9._~=&-]*)?(#[A-Za-z0-9._~-]*)?`,
};

/** Eight groups, or fewer with one ::. */
function ipv6(): string {
  const some = (most: number): string => `(${HEX}(:${HEX}){0,${most - 1}})`;
  const shortened = Array.from({ length: 6 }, (_, index) => {
    const before = index + 1;
    const after = 7 - before;
    return `${HEX}(:${HEX}){${before - 1}}::${some(after)}?`;
  });
  return `(${HEX}(:${HEX}){7}|::${some(7)}?|${shortened.join('|')})`;
}
