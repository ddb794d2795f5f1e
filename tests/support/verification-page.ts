export { createFormBrowser, enterCode } from '../../main/demo/verification-page.ts';
