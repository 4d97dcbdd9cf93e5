/** Headers of every answer: what a page from here may load, and that nobody may frame it. */
export function securityHeaders(tilesUrl: string | null): Record<string, string> {
  const tiles = originOf(tilesUrl);
  const policy = [
    "default-src 'self'",
    "script-src 'self'",
    "style-src 'self' 'unsafe-inline'",
    `img-src 'self' data: blob:${tiles}`,
    `connect-src 'self'${tiles}`,
    "worker-src 'self' blob:",
    "object-src 'none'",
    "base-uri 'none'",
    "form-action 'self'",
    "frame-ancestors 'none'",
  ];
  return {
    'content-security-policy': policy.join('; '),
    'x-content-type-options': 'nosniff',
    'referrer-policy': 'same-origin',
  };
}

/** ` https://tiles.example`, with `{s}` of a template as `*`; nothing for a file of our own. */
function originOf(tilesUrl: string | null): string {
  const match = /^(https?:\/\/)([^/?#;,\s]+)/.exec(tilesUrl ?? '');
  if (match === null) return '';
  return ` ${match[1]}${(match[2] as string).replace(/\{[^}]*\}/g, '*')}`;
}
