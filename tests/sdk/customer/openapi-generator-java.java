import com.fasterxml.jackson.databind.ObjectMapper;
import items.client.ApiClient;
import items.client.ApiException;
import items.client.api.ItemsApi;
import items.client.api.ItemsApi.APIGetItemRequest;
import items.client.api.ItemsApi.APIPatchItemRequest;
import items.client.api.ItemsApi.APIPutItemRequest;
import items.client.model.Address;
import items.client.model.AddressPatch;
import items.client.model.Item;
import items.client.model.ItemPatch;
import items.client.model.Problem;
import java.math.BigDecimal;
import java.util.Base64;
import java.util.List;

/** Writes and reads a customer with typed attributes. */
public final class Adapter {
  public static void main(String[] arguments) throws Exception {
    ApiClient client = new ApiClient();
    client.updateBaseUri(arguments[0]);
    client.setRequestInterceptor(request -> request.setHeader("Accept", "application/json"));
    ItemsApi api = new ItemsApi(client);
    String name = arguments[1];

    Item ann =
        new Item()
            .email("ann@example.com")
            .age(41)
            .balance(new BigDecimal("12.5"))
            .tags(List.of("blue", "red"))
            .avatar(new byte[] {0, (byte) 0xff})
            .address(new Address().city("Oslo").street("Karl Johans gate"));
    api.putItem(APIPutItemRequest.newBuilder().id("105").name(name).item(ann).build());

    Item stored = api.getItem(APIGetItemRequest.newBuilder().id("105").name(name).build());
    String tags = String.join(",", stored.getTags().stream().sorted().toList());
    String avatar = Base64.getEncoder().encodeToString(stored.getAvatar());
    System.out.println(
        stored.getAge() + " " + tags + " " + stored.getAddress().getCity() + " " + avatar);

    ItemPatch patch = new ItemPatch().age(42).address(new AddressPatch().city("Bergen"));
    Item changed =
        api.patchItem(
            APIPatchItemRequest.newBuilder().id("105").name(name).itemPatch(patch).build());
    Address address = changed.getAddress();
    System.out.println(changed.getAge() + " " + address.getCity() + " " + address.getStreet());

    try {
      ann.tags(List.of("blue", "blue"));
      api.putItem(APIPutItemRequest.newBuilder().id("105").name(name).item(ann).build());
    } catch (ApiException error) {
      Problem problem = new ObjectMapper().readValue(error.getResponseBody(), Problem.class);
      var first = problem.getErrors().get(0);
      System.out.println(problem.getStatus() + " " + first.getPointer() + " " + first.getDetail());
    }
  }
}
