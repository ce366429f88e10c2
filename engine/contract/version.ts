/** Written by the build from package.json. */
declare const RETORT_VERSION: string | undefined;
export const version: string = typeof RETORT_VERSION === 'undefined' ? '0.0.0-dev' : RETORT_VERSION;
