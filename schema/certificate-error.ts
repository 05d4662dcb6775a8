const CODES = /^(UNABLE_TO_|DEPTH_ZERO_|SELF_SIGNED_|CERT_|ERR_TLS_CERT_|INVALID_CA|PATH_LENGTH_|HOSTNAME_MISMATCH)/;

/** Whether an error's code means that Node refuses a server's certificate. */
export function isCertificateError(code: string | undefined): boolean {
  return code !== undefined && CODES.test(code);
}

/** Whether it means that the certificate is trusted, but is valid for other names than this address. */
export function isNameError(code: string | undefined): boolean {
  return code === "ERR_TLS_CERT_ALTNAME_INVALID" || code === "HOSTNAME_MISMATCH";
}
