import de.bwaldvogel.mongo.MongoServer;
import de.bwaldvogel.mongo.backend.memory.MemoryBackend;

/** A server of MongoDB's protocol for tests, on a free port of the loopback, with its data in memory. */
public final class MemoryMongo {
    public static void main(String[] arguments) throws InterruptedException {
        MongoServer server = new MongoServer(new MemoryBackend());
        System.out.println("Listening on " + server.bindAndGetConnectionString() + "/");
        Thread.currentThread().join();
    }
}
