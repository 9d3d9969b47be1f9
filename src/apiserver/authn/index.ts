// Door of authn/: what the server's wiring puts together.
export { anonymousAuthenticator, bearerAuthenticator, bootstrapTokenCheck, loopbackAuthenticator, requestHeaderAuthenticator, serviceAccountCheck, staticTokenCheck, x509Authenticator, type TokenCheck } from './authenticators.ts';
export { createImpersonation } from './impersonation.ts';
export { keyId } from './jwt.ts';
export { reviewSelf, reviewToken } from './reviews.ts';
export { createServiceAccountTokens, type ServiceAccountTokens, type TokenSettings } from './service-account-tokens.ts';
