// Door of authn/: what the server's wiring puts together.
export { anonymousAuthenticator, loopbackAuthenticator, type AnonymousSettings } from './anonymous.ts';
export { bearerAuthenticator } from './bearer.ts';
export { bootstrapTokenCheck } from './bootstrap-tokens.ts';
export { signedBy, x509Authenticator, type CertificateTest } from './certificates.ts';
export { createImpersonation } from './impersonation.ts';
export { configurationPath, jwksPath, openIdMetadata, type OpenIdMetadata } from './openid-metadata.ts';
export { commonHeaders, requestHeaderAuthenticator, type RequestHeaderSettings } from './request-header.ts';
export { reviewSelf, reviewToken } from './reviews.ts';
export { serviceAccountCheck } from './service-account-tokens.ts';
export { cachedCheck } from './token-cache.ts';
export { forApiAudiences, type TokenCheck } from './token-checks.ts';
export { readTokenFile, staticTokenCheck } from './token-file.ts';
export { openExternalSigner, type ExternalSigner } from './external-signer.ts';
export { createTokenIssuer } from './token-issuer.ts';
export { fixedKeys, keySigner, type TokenKeys, type TokenSigner } from './token-keys.ts';
export { configuredTokens, type ConfiguredTokenSettings } from './configured-tokens.ts';
export { tokenWebhookCheck } from './token-webhook.ts';
