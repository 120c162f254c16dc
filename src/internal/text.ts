export { didYouMean, nearest, printable, suggestion } from '../errors/text.ts';
