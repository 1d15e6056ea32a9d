// What a shop's server would say with Segment's library for Node. Arguments: the server's address and a key.
import { Analytics } from "@segment/analytics-node";

const [host, writeKey] = process.argv.slice(2);
const analytics = new Analytics({ host, writeKey, flushAt: 50, maxRetries: 0 });
const failed = [];
analytics.on("error", (error) => failed.push(error));
analytics.on("deliveryFailure", (error) => failed.push(error));
analytics.on("http_request", (request) => console.log(`${request.headers["Content-Type"]}`));

analytics.identify({ userId: "ana", traits: { email: "Ana@Example.org", name: "Ana" } });
analytics.track({
  userId: "ana",
  event: "Order Completed",
  properties: {
    currency: "EUR",
    products: [
      { category: "bread", name: "rye", quantity: 2, price: 3.1 },
      { category: "soap", name: "olive", quantity: 1, price: 5 },
    ],
  },
});
analytics.track({
  userId: "ana",
  event: "Survey Answered",
  properties: { question: "nuts", answer: "none", words: "no nuts, ñam 🥜" },
});
for (let number = 0; number < 120; number++) {
  analytics.track({ userId: "eva", event: "Pinged", properties: { number } });
}
await analytics.closeAndFlush({ timeout: 20000 });
if (failed.length) {
  console.error(failed);
  process.exit(1);
}
