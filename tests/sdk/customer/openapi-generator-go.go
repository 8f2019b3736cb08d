// Writes and reads a customer with typed attributes.
package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"sort"
	"strings"

	items "adapter/client"
)

func main() {
	configuration := items.NewConfiguration()
	configuration.Servers = items.ServerConfigurations{{URL: os.Args[1]}}
	api := items.NewAPIClient(configuration).ItemsAPI
	ctx, name := context.Background(), os.Args[2]

	address := items.NewAddress("Oslo")
	address.SetStreet("Karl Johans gate")
	ann := items.NewItem("ann@example.com")
	ann.SetAge(41)
	ann.SetBalance(12.5)
	ann.SetTags([]string{"blue", "red"})
	ann.SetAvatar("AP8=")
	ann.SetAddress(*address)
	if _, _, err := api.PutItem(ctx, "105", name).Item(*ann).Execute(); err != nil {
		panic(err)
	}

	stored, _, err := api.GetItem(ctx, "105", name).Execute()
	if err != nil {
		panic(err)
	}
	tags := stored.GetTags()
	sort.Strings(tags)
	city := stored.GetAddress()
	fmt.Println(stored.GetAge(), strings.Join(tags, ","), city.GetCity(), stored.GetAvatar())

	bergen := items.NewAddressPatch()
	bergen.SetCity("Bergen")
	patch := items.NewItemPatch()
	patch.SetAge(42)
	patch.SetAddress(*bergen)
	changed, _, err := api.PatchItem(ctx, "105", name).ItemPatch(*patch).Execute()
	if err != nil {
		panic(err)
	}
	moved := changed.GetAddress()
	fmt.Println(changed.GetAge(), moved.GetCity(), moved.GetStreet())

	ann.SetTags([]string{"blue", "blue"})
	_, _, err = api.PutItem(ctx, "105", name).Item(*ann).Execute()
	var rejection *items.GenericOpenAPIError
	if errors.As(err, &rejection) {
		problem := rejection.Model().(items.Problem)
		first := problem.GetErrors()[0]
		fmt.Println(problem.GetStatus(), first.GetPointer(), first.GetDetail())
	}
}
