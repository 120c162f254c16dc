// Preloaded into server-everything, which by itself listens on every interface and on a port fixed in advance:
// it listens on loopback, on a port that is free, and tells its parent which.
import { Server } from 'node:net';

const listen = Reflect.get(Server.prototype, 'listen');

Server.prototype.listen = function listenOnLoopback(_port, onListening) {
  this.once('listening', () => process.send({ port: this.address().port }));
  return listen.call(this, { host: '127.0.0.1', port: 0 }, onListening);
};

// It does not outlive its parent, however that ended.
process.once('disconnect', () => process.exit());
